import { RepositoryRulesSection } from './repository-rules-section.js';
import { SigningKeySection } from './signing-key-section.js';

/** How the work of sessions goes out. */
export const ShippingPage = () => (
  <>
    <RepositoryRulesSection />
    <SigningKeySection />
  </>
);
