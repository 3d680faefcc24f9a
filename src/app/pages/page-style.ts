/**
 * How pages without script look: as the dashboard's entrance does, in colours of its `tokens.css`, by the system's scheme. A
 * `.late` button takes presses once the pointer has been over its form for a while: a page that comes to the front under a pointer, as
 * by the first press of a double click, does not take the second. Keys are not held up.
 */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f3ec, #14191a); --surface: light-dark(#fffdf8, #1c2324); --raised: light-dark(#ffffff, #242c2d);
  --line: light-dark(#ddd5c6, #344041); --line-strong: light-dark(#8d8676, #7b8a89);
  --text: light-dark(#1f2725, #ece8de); --muted: light-dark(#5a5f58, #a9b1ab);
  --accent: light-dark(#12594b, #7fd1b9); --accent-strong: light-dark(#0c4338, #a4e2cf); --on-accent: light-dark(#fffdf8, #10201c);
  --warm-soft: light-dark(#fbeecd, #40331a); --bad: light-dark(#a3281e, #ff9d8c); --bad-soft: light-dark(#fae3dd, #4a2520);
  --focus: light-dark(#0b6bcb, #8cc2ff);
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: none; text-size-adjust: none; }
body { margin: 0; min-height: 100dvh; background: var(--ground); color: var(--text); font: 400 0.9375rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { display: grid; grid-template-columns: minmax(0, 28rem); justify-content: center; align-content: center; gap: 1.25rem; min-height: 100dvh; padding: 2rem 1rem; }
h1, h2, p, ul, dl, dd, figure, blockquote { margin: 0; }
h1 { font-size: 1.625rem; line-height: 1.2; font-weight: 650; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 1.125rem; line-height: 1.3; font-weight: 650; }
p, li, dd, blockquote { overflow-wrap: anywhere; }
ul { padding-left: 1.2em; }
a { color: var(--accent); text-underline-offset: 0.15em; text-decoration-thickness: 0.06em; }
a:hover { color: var(--accent-strong); }
code { font-family: var(--mono); font-size: 0.875em; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.brand { display: flex; align-items: center; gap: 0.6rem; font-size: 1.1875rem; font-weight: 700; letter-spacing: -0.02em; }
.card, form, .stack { display: grid; gap: 1rem; align-content: start; min-width: 0; }
.card { padding: 1.5rem; border: 1px solid var(--line); border-radius: 0.625rem; background: var(--surface); }
.facts { display: grid; gap: 0.75rem; padding: 0.875rem 1rem; border: 1px solid var(--line); border-radius: 0.4375rem; }
.facts dt, label { font-weight: 600; font-size: 0.8125rem; }
.note { padding: 0.75rem 1rem; border-radius: 0.4375rem; background: var(--warm-soft); }
.problem { padding: 0.75rem 1rem; border-radius: 0.4375rem; background: var(--bad-soft); }
.fine, .hint, figcaption { color: var(--muted); font-size: 0.8125rem; }
blockquote { margin-top: 0.25rem; padding: 0.5rem 0.75rem; border-left: 3px solid var(--line-strong); font-family: var(--mono); font-size: 0.875rem; white-space: pre-wrap; }
.field { display: grid; gap: 0.25rem; }
input, textarea { width: 100%; min-height: 2.375rem; padding: 0.4rem 0.7rem; border: 1px solid var(--line-strong); border-radius: 0.4375rem; background: var(--raised); color: var(--text); font: 400 0.875rem/1.5 var(--mono); }
fieldset { display: grid; gap: 0.5rem; margin: 0; padding: 0.75rem 1rem 1rem; min-width: 0; border: 1px solid var(--line); border-radius: 0.4375rem; }
legend { padding: 0 0.25rem; font-weight: 600; font-size: 0.8125rem; }
label.tick { display: flex; gap: 0.625rem; align-items: baseline; min-height: 1.75rem; font-weight: 400; font-size: 0.9375rem; overflow-wrap: anywhere; }
.tick input { flex: none; width: 1.125rem; min-height: 0; height: 1.125rem; margin: 0; padding: 0; accent-color: var(--accent); transform: translateY(0.2rem); }
select { min-height: 2.375rem; padding: 0.25rem 0.5rem; border: 1px solid var(--line-strong); border-radius: 0.4375rem; background: var(--raised); color: var(--text); font: inherit; }
summary { cursor: pointer; min-height: 1.75rem; }
details .stack { max-height: 18rem; overflow: auto; gap: 0.25rem; padding: 0.25rem; }
.host { display: block; font-size: 1.25rem; line-height: 1.3; overflow-wrap: anywhere; }
.row { display: flex; flex-wrap: wrap; gap: 0.625rem; justify-content: flex-end; }
button { min-height: 2.375rem; padding: 0 0.875rem; border: 1px solid var(--line-strong); border-radius: 0.4375rem; background: var(--raised); color: var(--text); font: inherit; font-weight: 550; line-height: 1.2; cursor: pointer; }
button:hover { border-color: var(--accent); color: var(--accent-strong); }
button.main { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
button.main:hover { background: var(--accent-strong); }
@media (hover: hover) {
  button.late { pointer-events: none; }
  form:hover button.late { animation: arm 1ms 0.8s forwards; }
}
@keyframes arm { to { pointer-events: auto; } }
`;
