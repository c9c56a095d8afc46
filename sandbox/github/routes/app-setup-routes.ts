// REST of an App that is being set up: the exchange of its code, and where its webhooks go.
import type { Call, Reply, Route } from './router.ts';
import { randomBytes } from 'node:crypto';
import { Failure } from '../failure.ts';
import { presentApp } from '../present/present.ts';

/** A code holds for one exchange. */
function convert({ site, path }: Call): Reply {
  const { world, making } = site;
  if (!making.codes.delete(path['code'] ?? '')) throw new Failure(404, 'Not Found');
  return {
    status: 201,
    body: {
      ...presentApp(world, world.app),
      client_secret: randomBytes(20).toString('hex'),
      webhook_secret: making.webhookSecret,
      pem: making.privateKey,
    },
  };
}

function hookConfig({ site }: Call): Reply {
  const url = site.hooks.url();
  return { status: 200, body: { content_type: 'json', insecure_ssl: '0', secret: '********', ...(url && { url }) } };
}

export const appSetupRoutes: readonly Route[] = [
  { route: 'POST /app-manifests/{code}/conversions', needs: null, handle: convert },
  { route: 'GET /app/hook/config', needs: 'jwt', handle: hookConfig },
];
