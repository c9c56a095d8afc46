// The Web API's users, auth, api and apps methods.
import { ApiError, type Method } from './method.ts';
import { userJson } from '../workspace/wire.ts';

const authTest: Method = {
  args: {},
  token: 'bot',
  mutates: false,
  handle: (_, { state, url }) => ({
    url: `${url}/`,
    team: state.team.name,
    team_id: state.team.id,
    user: state.botUser.name,
    user_id: state.botUser.id,
    bot_id: state.botId,
    is_enterprise_install: false,
  }),
};

const apiTest: Method = {
  args: { error: 'string' },
  token: 'none',
  mutates: false,
  handle(args) {
    const error = args.text('error');
    if (error) throw new ApiError(error);
    return {};
  },
};

const connectionsOpen: Method = {
  args: {},
  token: 'app',
  mutates: false,
  handle: (_, api) => ({ url: api.newTicket() }),
};

const info: Method = {
  args: { user: 'string', include_locale: 'boolean' },
  token: 'bot',
  mutates: false,
  handle(args, { state }) {
    const user = state.users.get(args.need('user'));
    if (!user) throw new ApiError('user_not_found');
    return { user: userJson(state, user) };
  },
};

const list: Method = {
  args: { limit: 'number', cursor: 'string', include_locale: 'boolean', team_id: 'string' },
  token: 'bot',
  mutates: false,
  handle: (_, { state }) => ({
    members: [...state.users.values()].map((user) => userJson(state, user)),
    cache_ts: 0,
    response_metadata: { next_cursor: '' },
  }),
};

const lookupByEmail: Method = {
  args: { email: 'string' },
  token: 'bot',
  mutates: false,
  handle(args, { state }) {
    const email = args.need('email').toLowerCase();
    const user = [...state.users.values()].find((candidate) => candidate.email.toLowerCase() === email);
    if (!user) throw new ApiError('users_not_found');
    return { user: userJson(state, user) };
  },
};

export const peopleMethods: Record<string, Method> = {
  'api.test': apiTest,
  'auth.test': authTest,
  'apps.connections.open': connectionsOpen,
  'users.info': info,
  'users.list': list,
  'users.lookupByEmail': lookupByEmail,
};
