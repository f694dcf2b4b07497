/** What the web app suggests for an empty repository. The demo model really builds each of them. */
export const EXAMPLE_PROMPTS = {
  command: 'Write a small command-line tool that renames photos by the date they were taken, with tests.',
  page: 'Build a one-page countdown timer in plain HTML, CSS and JavaScript that works offline.',
  library: 'Write a small JavaScript library that turns titles into URL slugs, with tests and a README.',
} as const;

/** What it suggests for a repository with code. The demo model does what a script can do of each. */
export const REPOSITORY_PROMPTS = {
  explain: 'Explain how this repository is organised, and where a new contributor should begin reading.',
  test: 'Find the part of this code with the weakest tests and add the ones that are missing.',
  improve: 'Find a bug or a rough edge in this repository, fix it, and explain the change.',
} as const;
