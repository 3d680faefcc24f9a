import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import '../../src/styles/tokens.css';
import './playground.css';
import { createRoot } from 'react-dom/client';
import { applyTheme, readTheme } from '../../src/data/theme.ts';
import { Playground } from './playground.tsx';

applyTheme(readTheme());
createRoot(document.getElementById('root') as HTMLElement).render(<Playground />);
