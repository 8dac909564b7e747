/** The colours of the console (src-renderer/styles/tokens.css), for a page that loads nothing but this. */
export const TRUST_STYLE = `
:root { color-scheme: light dark; --ground: #f6f4ef; --surface: #fff; --line: #e4e0d6; --text: #1b2022; --soft: #50575b;
  --accent: #0b6557; --on-accent: #fff; --warn: #6b4300; --warn-soft: #fdf0d5; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14191a; --surface: #1d2425; --line: #354042; --text: #eef1f0; --soft: #b4bfbf; --accent: #6fd3c0;
    --on-accent: #08221d; --warn: #ffd98a; --warn-soft: #3a2d10; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 17px/1.6 "IBM Plex Sans", "IBM Plex Sans Arabic", system-ui, "Segoe UI", Tahoma, sans-serif; }
html[dir="rtl"] body { line-height: 1.8; }
header { display: flex; justify-content: flex-end; padding: 8px 16px; }
main { max-inline-size: 44rem; margin-inline: auto; padding: 0 16px 48px; }
h1 { font-size: 1.9rem; line-height: 1.3; margin-block: 8px; }
h2 { font-size: 1.2rem; margin-block: 32px 8px; }
a { color: var(--accent); }
.lang, .links a { display: inline-flex; align-items: center; min-block-size: 44px; padding-inline: 8px; }
.soft { color: var(--soft); margin-block: 4px; }
.button { display: inline-flex; align-items: center; min-block-size: 48px; padding-inline: 20px; border-radius: 10px;
  background: var(--accent); color: var(--on-accent); font-weight: 600; text-decoration: none; }
.fingerprint { padding: 12px 16px; background: var(--surface); border: 1px solid var(--line); border-radius: 10px;
  font-family: ui-monospace, "Cascadia Mono", Menlo, monospace; overflow-wrap: anywhere; }
details { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; margin-block: 8px; }
summary { min-block-size: 48px; padding: 10px 16px; font-weight: 600; cursor: pointer; }
ol { margin-block: 0 12px; padding-inline: 40px 16px; }
li { margin-block: 6px; }
.note { padding: 10px 16px; margin: 0 16px 16px; background: var(--warn-soft); color: var(--warn); border-radius: 8px; }
main > .note { margin: 24px 0; }
.refusal { padding: 10px 16px; background: var(--warn-soft); color: var(--warn); border-radius: 8px; }
.refusal p { margin: 0; }
.refusal a { color: inherit; font-weight: 600; }
.links { list-style: none; padding: 0; }
.code { margin: 32px 0 0; display: grid; justify-items: center; gap: 12px; text-align: center; }
.code svg { inline-size: 220px; block-size: 220px; border-radius: 10px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`
