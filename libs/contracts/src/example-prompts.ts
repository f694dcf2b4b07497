/** What the web app suggests for an empty repository. The demo model builds each of them. */
export const EXAMPLE_PROMPTS = {
  command: 'Write a small command-line tool that renames photos by the date they were taken, with tests.',
  page: 'Build a one-page countdown timer in plain HTML, CSS and JavaScript that works offline.',
  project: 'Set up a JavaScript project with tests, a lint script and a README that says how to use it.',
} as const;
