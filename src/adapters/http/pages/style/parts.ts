/** Statuses, the list of runs, cards, and the waterfall. */
export const PARTS = `
.status { display: inline-block; padding: .05rem .6rem .1rem; border-radius: 1rem; font-size: .86rem; font-weight: 600; white-space: nowrap; color: var(--none); background: var(--none-soft); }
.status.passed { color: var(--ok); background: var(--ok-soft); }
.status.failed { color: var(--bad); background: var(--bad-soft); }
.status.running { color: var(--go); background: var(--go-soft); }
.status.cancelled, .status.allowed { color: var(--warn); background: var(--warn-soft); }
.status.running > span { animation: pulse 1.6s ease-in-out infinite; }
@keyframes pulse { 50% { opacity: .25; } }
main > .head .search { margin-left: auto; }
.runs, .cards, .files, .waterfall ul { list-style: none; margin: 0; padding: 0; }
.runs { margin-top: 1rem; border: 1px solid var(--line); border-radius: 8px; }
.runs li { position: relative; display: grid; grid-template-columns: 7.2rem minmax(0, 1.5fr) minmax(0, .8fr) minmax(0, 1fr) 13rem; gap: 0 1rem; align-items: center; padding: .65rem 1rem; border-top: 1px solid var(--line); }
.runs li:first-child { border-top: 0; }
.runs li:hover { background: var(--raised); }
.runs .title { display: block; font-weight: 600; color: var(--text); text-decoration: none; overflow-wrap: anywhere; }
.runs .title::after { content: ""; position: absolute; inset: 0; }
.runs li:hover .title { color: var(--link); text-decoration: underline; }
.runs .id, .runs .jobs, .runs .when, .runs .branch code { color: var(--muted); }
.runs .id { overflow-wrap: anywhere; }
.runs .jobs, .runs .when, .runs .branch { font-size: .9rem; }
.runs .branch { overflow-wrap: anywhere; } .runs .branch code { display: block; }
.runs .branch a { position: relative; z-index: 1; display: inline-block; padding: .3rem 0; }
.runs .when { text-align: right; } .runs .took { display: block; }
.facts { display: flex; flex-wrap: wrap; gap: .8rem 2.2rem; margin: 1rem 0 0; }
.facts > div { min-width: 0; max-width: 100%; }
.facts dt { color: var(--muted); font-size: .82rem; } .facts dd { margin: 0; overflow-wrap: anywhere; } .facts a { display: inline-block; padding: .1rem 0; }
.cards { border: 1px solid var(--line); border-radius: 8px; }
.cards > li { padding: .7rem 1rem; border-top: 1px solid var(--line); }
.cards > li:first-child { border-top: 0; }
.cards .facts { margin: .5rem 0 0; font-size: .93rem; }
.job { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .5rem 1rem; align-items: start; }
.job .head { min-height: 2.5rem; }
.job .links { display: flex; gap: .5rem; }
.job p { margin: 0 0 .3rem; font-size: .93rem; }
.steps { grid-column: 1 / -1; list-style: none; margin: 0; padding: 0; font-size: .93rem; }
.steps li { display: flex; flex-wrap: wrap; align-items: center; gap: .1rem .7rem; padding: .1rem 0; }
.steps a { display: inline-block; min-width: 0; padding: .2rem 0; overflow-wrap: anywhere; }
.steps .status { font-size: .8rem; }
.tests { grid-column: 1 / -1; font-size: .93rem; min-width: 0; }
.tests ul { list-style: none; margin: 0; padding: 0; }
.tests ol { margin: .2rem 0; padding-left: 1.6rem; }
.tests summary { cursor: pointer; padding: .4rem 0; overflow-wrap: anywhere; }
.tests pre { margin: 0 0 .5rem; padding: .55rem .8rem; border-radius: 6px; background: var(--raised); white-space: pre-wrap; overflow-wrap: anywhere; }
.kept summary { cursor: pointer; padding: .4rem 0; }
.kept ul { list-style: none; margin: 0; padding: 0 0 0 1.1rem; }
.kept li { padding: .15rem 0; overflow-wrap: anywhere; }
.kept li a, .waits a, .kept li > bdi { display: inline-block; padding: .2rem 0; }
.waits { list-style: none; margin: 0; padding: 0; border: 1px solid var(--line); border-radius: 8px; }
.waits p { margin: .3rem 0 0; font-size: .93rem; }
.files { margin-top: .3rem; columns: 22rem; }
.files li { break-inside: avoid; overflow-wrap: anywhere; }
.files a { display: inline-block; padding: .3rem 0; }
.waterfall { border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: 0 0 .6rem; font-size: .86rem; color: var(--muted); }
.legend span { white-space: nowrap; }
.key { display: inline-block; width: .75rem; height: .75rem; margin-right: .4rem; border-radius: 3px; background: #8b929c; vertical-align: -.05rem; }
.axis, .waterfall summary { display: grid; grid-template-columns: 11rem minmax(0, 1fr) 5.5rem; gap: 0 1rem; align-items: center; }
.axis { font-size: .78rem; color: var(--muted); } .axis div { display: grid; grid-template-columns: repeat(4, 1fr); white-space: nowrap; }
.waterfall summary { cursor: pointer; padding: .4rem 0; list-style: none; border-radius: 4px; }
.waterfall summary::-webkit-details-marker { display: none; }
.waterfall summary:hover { background: var(--raised); }
.waterfall .label { overflow-wrap: anywhere; font-size: .93rem; }
.waterfall .label::before { content: "▸"; display: inline-block; width: 1.1em; color: var(--muted); }
.waterfall details[open] .label::before { content: "▾"; }
.waterfall .total { text-align: right; font-size: .86rem; color: var(--muted); white-space: nowrap; }
.waterfall ul { padding: .1rem 0 .7rem 1.1rem; font-size: .9rem; }
.waterfall svg { display: block; width: 100%; height: 1.1rem; }
.rule { fill: var(--line); }
.bar.going { animation: pulse 1.6s ease-in-out infinite; }
rect.bar { fill: #8b929c; }
rect.bar.wait_for_completion { fill: #2f7de1; } .key.wait_for_completion { background: #2f7de1; }
rect.bar.wait_until_ready { fill: #c99700; } .key.wait_until_ready { background: #c99700; }
rect.bar.launch_guest { fill: #a45fd0; } .key.launch_guest { background: #a45fd0; }
rect.bar.stage_workspace_snapshot { fill: #129a9f; } .key.stage_workspace_snapshot { background: #129a9f; }
rect.bar.prepare { fill: #c08a12; } .key.prepare { background: #c08a12; }
rect.bar.prepare_runtime { fill: #6f8f2a; } .key.prepare_runtime { background: #6f8f2a; }
rect.bar.collect_artifacts { fill: #3f9d5a; } .key.collect_artifacts { background: #3f9d5a; }
rect.bar.prepare_directories { fill: #5f83ad; } .key.prepare_directories { background: #5f83ad; }
rect.bar.cached { fill: #aab2bb; } .key.cached { background: #aab2bb; }
rect.bar.clean_up { fill: #6b7280; } .key.clean_up { background: #6b7280; }
rect.bar.not-ok { fill: #d1383d; } .key.not-ok { background: #d1383d; }
@media (max-width: 42rem) {
  .runs li { grid-template-columns: 1fr auto; gap: .15rem .8rem; padding: .8rem; }
  .runs .what { grid-column: 1 / -1; grid-row: 2; }
  .runs .jobs { grid-column: 2; grid-row: 1; text-align: right; }
  .runs .branch { grid-column: 1; } .runs .branch code { display: inline; }
  .runs .took { display: inline; } .runs .took::before { content: "· "; }
  .runs .when { grid-column: 1 / -1; text-align: left; }
  .facts { gap: .6rem 1.4rem; }
  .cards > li { padding: .8rem; }
  .job { grid-template-columns: minmax(0, 1fr); } .job .head { min-height: 0; margin-bottom: .2rem; }
  .job .links .button { flex: 1; justify-content: center; }
  .files a { padding: .55rem 0; }
  .axis, .waterfall summary { grid-template-columns: minmax(0, 1fr) auto; }
  .axis > span { display: none; } .axis div { grid-column: 1 / -1; }
  .waterfall svg { grid-column: 1 / -1; grid-row: 2; margin-top: .25rem; }
  .waterfall summary { padding: .55rem 0; }
}
`;
