import type { Session } from '@saas-codex/contracts/sessions';

export const PromptComposer = ({ session }: { session: Session }) => <div>{session.title}</div>;
