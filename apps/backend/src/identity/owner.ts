/** How the owner, whom the first start makes, is found again. The address gets no mail. */
export const OWNER_EMAIL = 'owner@saas-codex.localhost';
