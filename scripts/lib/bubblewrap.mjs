import { requireProgram } from './system-packages.mjs';

/** What the agents' jail is made with. Without it the runner takes Codex's own sandbox, so that this is no failure. */
export async function wantBubblewrap() {
  if (process.platform !== 'linux') return;
  try {
    await requireProgram({
      names: ['bwrap'],
      debianPackage: 'bubblewrap',
      purpose: 'bubblewrap, which makes the jail that agents work in,',
    });
    await requireProgram({
      names: ['socat'],
      debianPackage: 'socat',
      purpose: 'socat, the way out of that jail,',
    });
  } catch (error) {
    console.log(error instanceof Error ? error.message : error);
  }
}
