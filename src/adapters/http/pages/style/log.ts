/** A log and what stands above it. */
export const LOG = `
.machine { height: max(18rem, calc(100vh - 15rem)); padding: .5rem; border-radius: 8px; background: #0d1117; overflow: hidden; }
.machine .xterm-viewport, .machine .xterm-scrollable-element { background: #0d1117 !important; }
.machine:focus-within { outline: 2px solid var(--link); outline-offset: 2px; }
.tabs { display: flex; gap: .2rem; margin-left: auto; }
.tabs a { padding: .5rem .9rem; border-radius: 6px; text-decoration: none; color: var(--muted); }
.tabs a:hover { background: var(--raised); }
.tabs a[aria-current] { color: var(--text); background: var(--none-soft); font-weight: 600; }
.tools { position: sticky; top: 3rem; z-index: 1; display: flex; flex-wrap: wrap; gap: .5rem; padding: .6rem 0; margin-top: .5rem; background: var(--ground); }
.tools .search { flex: 1; } .tools .search input { flex: 1; max-width: 28rem; }
#follow[aria-pressed="true"] { color: var(--go); background: var(--go-soft); border-color: currentcolor; }
.parts { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; color: var(--muted); font-size: .9rem; margin: .2rem 0 .6rem; overflow-wrap: anywhere; }
.parts .raw { margin-left: auto; }
.log { margin: 0; padding: .6rem 0; min-height: 2.6rem; border-radius: 8px; border: 1px solid #2d343d; background: #0d1117; color: #d7dee5; font-size: 13px; line-height: 1.5; tab-size: 8; }
.log:empty { display: none; }
.log pre { margin: 0; font-size: inherit; }
.step { border-top: 1px solid #2d343d; scroll-margin: 9rem; }
.step:first-child { border-top: 0; }
.step-head { display: flex; flex-wrap: wrap; align-items: baseline; gap: .1rem .7rem; margin: 0; padding: .45rem .8rem; font-size: 14px; overflow-wrap: anywhere; }
summary.step-head { cursor: pointer; list-style: none; }
summary.step-head::-webkit-details-marker { display: none; }
.step-head::before { content: ""; width: .8em; color: #9aa4af; }
summary.step-head::before { content: "▸"; }
.step[open] > .step-head::before { content: "▾"; }
summary.step-head:hover { background: #161b22; }
.step-head .what { font-weight: 600; min-width: 0; }
.step-head .took { color: #9aa4af; font-size: 13px; }
.step > pre { padding: 0 0 .6rem; }
.step > pre:empty { display: none; }
.step:target > .step-head { box-shadow: inset 3px 0 #e3b341; }
.line { display: block; position: relative; padding: 0 .8rem 0 4.9rem; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; scroll-margin: 9rem; }
.line:hover { background: #161b22; }
.line:target { background: #3a2f10; box-shadow: inset 3px 0 #e3b341; }
.number { position: absolute; left: 0; top: 0; bottom: 0; width: 4.1rem; text-align: right; text-decoration: none; color: #7d8894; user-select: none; -webkit-user-select: none; }
.number:hover { color: #d7dee5; text-decoration: underline; }
.line:target .number { color: #e3b341; font-weight: 700; }
.log mark { background: #e3b341; color: #0d1117; border-radius: 2px; }
.log .unseen { background: #3a2f10; color: #e3b341; }
.cut { display: inline-block; margin-left: .4em; padding: 0 .4em; border-radius: 3px; background: #21262d; color: #9aa4af; font-style: italic; }
.going { color: var(--muted); font-size: .9rem; }
.going:not(:empty)::before { content: "●"; color: var(--go); margin-right: .5rem; animation: pulse 1.6s ease-in-out infinite; }
.bold { font-weight: 700; } .dim { opacity: .7; } .italic { font-style: italic; } .underline { text-decoration: underline; }
.strikethrough { text-decoration: line-through; } .underline.strikethrough { text-decoration: underline line-through; }
.fg-ground { color: #0d1117; } .bg-text { background: #d7dee5; }
[class*="bg-"].fg-black, [class^="bg-bright"], [class^="bg-white"] { color: #0b0e12; }
@media (max-width: 42rem) {
  .tabs { flex: 1 1 100%; margin: 0; } .tabs a { flex: 1; text-align: center; padding: .6rem; }
  .tools { position: static; }
  .tools #follow { position: fixed; z-index: 2; right: .8rem; bottom: .8rem; border-radius: 2rem; box-shadow: 0 2px 10px #0006; }
  .log { margin: 0 -.8rem; border-radius: 0; border-width: 1px 0; font-size: 12px; line-height: 1.6; }
  .line { padding: 0 .6rem 0 3.4rem; scroll-margin: 5rem; } .number { width: 2.8rem; }
}
`;
