import { requireProgram } from './system-packages.mjs';

/** Finds or installs the programs of the agents' jail. Without them the runner uses Codex's own sandbox, so nothing fails. */
export async function wantBubblewrap() {
  if (process.platform !== 'linux') return;
  try {
    await requireProgram({
      names: ['bwrap'],
      debianPackage: 'bubblewrap',
      purpose: 'bubblewrap, which builds the jail that agents work in,',
    });
    await requireProgram({
      names: ['socat'],
      debianPackage: 'socat',
      purpose: 'socat, which connects that jail to the runner,',
    });
  } catch (error) {
    console.log(error instanceof Error ? error.message : error);
  }
}
