import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Problem } from './api/problem';
import { session, useSession } from './api/session';
import { Toasts } from './components/Toasts';
import { pageOf } from './pages/pages';
import { SignIn } from './pages/sign-in/SignIn';
import { useRoute } from './routing/route';
import { Shell } from './Shell';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What Sluice refuses it would refuse again; what does not answer may.
      retry: (failures, error) => failures < 2 && error instanceof Problem && [0, 429, 503].includes(error.status),
      staleTime: 1000,
      refetchOnWindowFocus: true,
    },
  },
});

export function App() {
  const who = useSession();
  const route = useRoute();
  // Nothing that one visitor saw stays for the next.
  useEffect(() => session.subscribe(() => (session.current() ? void queries.resetQueries() : queries.clear())), []);
  if (!who) {
    return (
      <>
        <SignIn />
        <Toasts />
      </>
    );
  }
  const page = pageOf(route);
  return (
    <QueryClientProvider client={queries}>
      <Shell current={page.section}>
        <page.Page key={page.key} route={route} />
      </Shell>
      <Toasts />
    </QueryClientProvider>
  );
}
