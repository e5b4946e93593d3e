import type { Plugin } from 'vite';

/**
 * While developing with an API key nobody signs in: the development server answers as if the owner of the key's agency
 * had. It is no part of the build.
 */
export function devSession(backend: string, key: string | undefined): Plugin {
  return {
    name: 'dev-session',
    apply: 'serve',
    configureServer(server) {
      if (key === undefined) return;
      server.middlewares.use('/api/v1/session', (request, response) => {
        void fetch(`${backend}/api/v1/agencies`, { headers: { 'X-API-Key': key } })
          .then((it) => it.json() as Promise<{ items: { id: string; name: string }[] }>)
          .then(({ items }) => {
            response.setHeader('Content-Type', 'application/json');
            response.statusCode = request.method === 'DELETE' ? 204 : 200;
            response.end(
              request.method === 'DELETE'
                ? undefined
                : JSON.stringify({
                    user: { id: 'usr_developer', name: 'Developer', email: 'developer@example.com' },
                    csrf_token: 'developer',
                    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
                    grants: items.map((agency) => ({
                      agency: agency.id,
                      agency_name: agency.name,
                      tenant: null,
                      tenant_name: null,
                      role: 'owner',
                    })),
                  }),
            );
          })
          .catch(() => {
            response.statusCode = 503;
            response.end();
          });
      });
    },
  };
}
