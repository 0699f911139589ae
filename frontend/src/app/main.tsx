import '@mantine/core/styles.css';
import '../shared/tokens.css';
import '../shared/base.css';
import { MantineProvider } from '@mantine/core';
import { createRouter, RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Provider } from 'urql';
import { routeTree } from '../route-tree.gen.ts';
import { connect } from '../shared/client.ts';
import { rootElement } from '../shared/root-element.ts';
import { theme } from '../shared/theme.ts';
import { ApiContext } from '../shared/api.ts';

const api = connect(window.location);
const router = createRouter({ routeTree, context: { api }, defaultPreload: 'intent', scrollRestoration: true });

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

createRoot(rootElement()).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <Provider value={api.client}>
        <ApiContext value={api}>
          <RouterProvider router={router} />
        </ApiContext>
      </Provider>
    </MantineProvider>
  </StrictMode>,
);
