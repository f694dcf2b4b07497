import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/app.js';
import { copyAsSeen } from './shared/lib/copy-as-seen.js';
// Every page follows the system's theme.
import './shared/ui/theme.js';
import './styles/app.css';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
copyAsSeen();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
