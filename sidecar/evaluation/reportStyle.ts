// The report's style sheet: inline, no fonts or pictures from outside, dark or light as the reader's system is.

export const reportStyle = `
:root { color-scheme: light dark; --ink: #1c2128; --soft: #57606a; --line: #d0d7de; --paper: #ffffff; --accent: #0b63c4;
  --g0: #0b63c4; --g1: #d1242f; --g2: #9a6700; --g3: #b07d10; --g4: #bf8f2a; --g5: #c9a14a; --g6: #8250df; --g7: #1a7f37;
  --g8: #0e7a83; --g9: #6e7781; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9da7b3; --line: #3d444d; --paper: #0d1117;
  --accent: #6cb6ff; --g0: #6cb6ff; --g1: #ff7b72; --g2: #e3b341; --g3: #d4a72c; --g4: #bb8f1e; --g5: #a47a14; --g6: #d2a8ff;
  --g7: #56d364; --g8: #56d4dd; --g9: #9da7b3; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px; max-width: 1080px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 36px 0 8px; } p { max-width: 75ch; }
.soft, figcaption, caption { color: var(--soft); }
.note { border-left: 3px solid var(--g2); padding-left: 12px; white-space: pre-wrap; }
.verdict { border-left: 3px solid var(--accent); padding-left: 12px; font-weight: 600; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: 4px; }
th, td { padding: 3px 10px; border-bottom: 1px solid var(--line); text-align: right; vertical-align: bottom; }
td { white-space: nowrap; } th:first-child, td:first-child, td.text, th.text { text-align: left; }
td.text { white-space: pre-wrap; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 12px 0; } svg { max-width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: var(--soft); } svg text.title { fill: var(--ink); }
.grid { stroke: var(--line); stroke-width: 1; } .line { fill: none; stroke: var(--accent); stroke-width: 1.5; }
.shade { fill: var(--accent); } .frame { fill: none; stroke: var(--line); } .split { fill: none; stroke: var(--g1); stroke-width: 1.5; }
.histogram.first { fill: var(--g0); fill-opacity: .3; stroke: var(--g0); } .histogram.second { fill: none; stroke: var(--g1); stroke-width: 1.5; }
${Array.from({ length: 10 }, (_, i) => `.group${i} { fill: var(--g${i}); fill-opacity: .8; }`).join('\n')}
.histograms { display: flex; flex-wrap: wrap; gap: 12px; } .histograms figure { margin: 0; }
.key { display: inline-block; width: 12px; height: 12px; vertical-align: -1px; margin: 0 4px 0 12px; }
.key.first { background: var(--g0); opacity: .6; } .key.second { border: 2px solid var(--g1); }
details { margin: 4px 0 12px; } summary { color: var(--soft); cursor: pointer; }
`;
