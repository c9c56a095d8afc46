// One small application with all that a view of it can show: what is synced, changed by hand, missing, and given up.

interface Played {
  /** Replaces the folder of the application in Git. */
  commit(files: Record<string, string>): Promise<void>;
  /** Resolves when what Git says is applied and the one pod runs. */
  synced(): Promise<void>;
  /** Changes the data of an object as kubectl does. */
  edit(kind: 'ConfigMap' | 'Secret', name: string, data: Record<string, string>): Promise<void>;
}

const workload = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations: {link.argocd.argoproj.io/dashboard: https://dash.example.com/web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1.4.0
          resources: {requests: {cpu: 100m, memory: 64Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules:
    - host: web.example.com
      http:
        paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: red, size: small}
---
apiVersion: v1
kind: Secret
metadata: {name: credentials}
stringData: {password: first, user: web}
`;

const account = 'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: given-up}\n';
const missing = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: missing}\ndata: {a: b}\n';

/** Options of the application under which both engines apply and compare in the same way. */
export const viewedOptions = { syncOptions: ['ServerSideApply=true'], compareOptions: 'ServerSideDiff=true' } as const;

/** Afterwards: a synced workload, a ConfigMap and a Secret changed by hand, one object missing and one given up. */
export async function playViewed({ commit, synced, edit }: Played): Promise<void> {
  await commit({ 'workload.yaml': workload, 'account.yaml': account });
  await synced();
  await edit('ConfigMap', 'settings', { color: 'blue' });
  await edit('Secret', 'credentials', { password: Buffer.from('second').toString('base64') });
  await commit({ 'workload.yaml': workload, 'missing.yaml': missing });
}
