// Where a cluster is and how to log in: from a kubeconfig, the pod's own account, or an Argo CD cluster Secret.
import type { Impersonation } from './api.ts';

export interface ClusterConfig {
  /** e.g. `https://10.0.0.1:6443`. */
  server: string;
  /** PEM. */
  ca?: string;
  cert?: string;
  key?: string;
  token?: string;
  /** Read again whenever its modification time changes. */
  tokenFile?: string;
  username?: string;
  password?: string;
  /** Do not verify the server's certificate. */
  insecure?: boolean;
  serverName?: string;
  impersonate?: Impersonation;
  /** Headers (Authorization) from an exec or auth-provider plug-in, asked anew after a 401. */
  headers?: () => Promise<Record<string, string>>;
}
