import type { Session } from '@saas-codex/contracts/sessions';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useRef } from 'react';
import { runsQuery } from '../../entities/run/api/list-runs.js';
import { outgoingPrompt, promptSession } from '../../entities/run/api/prompt-session.js';
import { uploadImages } from '../../entities/run/images/use-chosen-images.js';
import { giveImagesBack } from '../../entities/run/images/image-drafts.js';
import { promptDraftKey } from '../../entities/run/prompt-draft-key.js';
import { type NewSessionDraft, toRequest } from '../../entities/session/new-session-draft.js';
import { applySession } from '../../entities/session/session-cache.js';
import { toApiError } from '../../shared/api/api-error.js';
import { randomId } from '../../shared/lib/random-id.js';
import { drafts } from '../../shared/lib/drafts.js';
import { createSession } from './api/create-session.js';

/**
 * Creates the session, uploads the images of its first prompt, sends that and opens it, while the clone continues or has failed.
 * If only the upload or the prompt fails, sending the same draft again uses the session that was created.
 */
export function useStartSession(onStarted: () => void) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const created = useRef<{ request: string; session: Session } | null>(null);

  const openSession = async (draft: NewSessionDraft): Promise<Session> => {
    const request = toRequest(draft);
    const key = JSON.stringify(request);
    if (created.current?.request === key) return created.current.session;
    const session = await createSession(request, randomId());
    created.current = { request: key, session };
    return session;
  };

  return useMutation({
    mutationFn: async ({ draft, files }: { draft: NewSessionDraft; files: readonly File[] }) => {
      const session = await openSession(draft);
      const prompt = draft.prompt.trim();
      const images = await uploadImages(session.session_id, files);
      try {
        return { session, run: await promptSession(session.session_id, outgoingPrompt(prompt, { images })) };
      } catch (error) {
        if (toApiError(error).code !== 'session_failed') throw error;
        // The clone has failed already. The session's page says why and can try again, and its composer has the prompt.
        drafts.write(promptDraftKey(session.session_id), prompt);
        giveImagesBack(session.session_id, images);
        return { session, run: null };
      }
    },
    onSuccess: async ({ session, run }) => {
      created.current = null;
      if (!run) return navigate({ to: '/sessions/$sessionId', params: { sessionId: session.session_id } });
      applySession(client, { ...session, queued_runs: session.queued_runs + 1 });
      // With a setup script there is another run before it, so the list has to be loaded.
      if (!session.setup) {
        client.setQueryData(runsQuery(session.session_id).queryKey, {
          pages: [{ items: [run], next_cursor: null }],
          pageParams: [null],
        });
      }
      onStarted();
      await navigate({ to: '/sessions/$sessionId', params: { sessionId: session.session_id } });
    },
  });
}
