/** What the web app suggests for an empty repository. The demo model really builds each of them. */
export const EXAMPLE_PROMPTS = {
  command: 'Write a small command-line tool that renames photos by the date they were taken, with tests.',
  page: 'Build a one-page countdown timer in plain HTML, CSS and JavaScript that works offline.',
  library: 'Write a small JavaScript library that turns titles into URL slugs, with tests and a README.',
} as const;
