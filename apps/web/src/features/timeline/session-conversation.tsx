import type { Session } from '@saas-codex/contracts/sessions';

export const SessionConversation = ({ session }: { session: Session }) => <div>{session.title}</div>;
