const LONGEST = 60;

/** The title of a session that has no name yet. */
export function titleFromRepository(url: string | null): string {
  const name = url
    ?.split('/')
    .at(-1)
    ?.replace(/\.git$/, '');
  return name ? name.slice(0, LONGEST) : 'New session';
}

/** The first words of a prompt, cut between words where possible. */
export function titleFromPrompt(prompt: string): string {
  const letters = [...prompt.trim().replace(/\s+/g, ' ')];
  if (letters.length <= LONGEST) return letters.join('');
  const cut = letters.slice(0, LONGEST);
  const space = cut.lastIndexOf(' ');
  return `${cut.slice(0, space > LONGEST / 2 ? space : LONGEST).join('')}…`;
}
