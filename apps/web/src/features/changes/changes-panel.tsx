import type { Session } from '@saas-codex/contracts/sessions';

export const ChangesPanel = ({ session }: { session: Session }) => <div>{session.title}</div>;
