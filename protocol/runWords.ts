// Words that every operation on a run shares: how a run is named in a terminal, and which rows of the runs' tree are meant.

export const runArgument = {
  kind: 'text',
  at: 'argument',
  help: 'id, number, part of the id, or last',
} as const;

/** The condition for a row of a run whose state, and what it has, fit an expression. */
export const runRow = (state: string): string => String.raw`view == rpg.runs && viewItem =~ /^run\.${state}/`;
