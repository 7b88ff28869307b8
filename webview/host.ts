// The only door to the extension host: typed intents out, messages in, and the few preferences VS Code keeps for a page that is
// reloaded. VS Code hands its api out once.

declare function acquireVsCodeApi(): {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
};

export interface Host<Intent, Message> {
  post(intent: Intent): void;
  /** What `save` was last given, in this or an earlier life of the page; undefined the first time. */
  readonly saved: unknown;
  save(state: unknown): void;
  /** Calls `receive` for every message whose `kind` is one of `kinds`; a newer host may post others. */
  listen(kinds: readonly string[], receive: (message: Message) => void): void;
}

export function openHost<Intent, Message>(): Host<Intent, Message> {
  const api = acquireVsCodeApi();
  return {
    post: intent => api.postMessage(intent),
    saved: api.getState(),
    save: state => api.setState(state),
    listen: (kinds, receive) =>
      window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        // The cast: host and page are built together; `kind` tells our messages from those of browser extensions.
        if (isRecord(data) && kinds.includes(String(data.kind))) receive(data as Message);
      }),
  };
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
