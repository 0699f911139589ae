import 'graphiql/setup-workers/vite';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createClient } from 'graphql-ws';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import 'graphiql/style.css';
import './graphiql.css';
import { rootElement } from '../shared/root-element.ts';
import { endpoints } from '../shared/endpoints.ts';

const { http, socket } = endpoints(window.location);
// The socket opens with the first subscription. It carries the session's cookie, as the requests do.
const fetcher = createGraphiQLFetcher({ url: http, wsClient: createClient({ url: socket, lazy: true }) });

createRoot(rootElement()).render(
  <StrictMode>
    <GraphiQL fetcher={fetcher} defaultEditorToolsVisibility="variables" />
  </StrictMode>,
);
