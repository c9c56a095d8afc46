// Health of certificates and secrets: cert-manager, External Secrets, Sealed Secrets, 1Password, Vault.
import type { Rule, RuleTable } from '../step.ts';
import { observedReady, ready, readyOrWorking } from './ready.ts';

const certificate: Rule = [
  { condition: 'Issuing', True: 'Progressing' },
  {
    condition: 'Ready',
    Progressing: ['Pending', 'InProgress', 'Issuing', 'OrderPending', 'TemporaryCertificate'],
    True: 'Healthy',
    False: 'Degraded',
    Unknown: 'Progressing',
  },
];
const acme: Rule = [
  {
    field: 'status.state',
    Healthy: ['valid', 'ready'],
    Progressing: ['pending', 'processing'],
    Degraded: ['invalid', 'expired', 'errored'],
    message: 'status.reason',
  },
];

export const secrets: RuleTable = {
  'cert-manager.io/Certificate': certificate,
  'certmanager.k8s.io/Certificate': certificate,
  'cert-manager.io/CertificateRequest': [
    { condition: ['Denied', 'InvalidRequest'], True: 'Degraded' },
    { condition: 'Ready', Progressing: ['Pending'], True: 'Healthy', False: 'Degraded' },
  ],
  'acme.cert-manager.io/Order': acme,
  'acme.cert-manager.io/Challenge': acme,
  'cert-manager.io/*': ready,
  'certmanager.k8s.io/*': ready,
  'trust.cert-manager.io/Bundle': [{ condition: 'Synced', True: 'Healthy', False: 'Degraded' }],
  'policy.cert-manager.io/CertificateRequestPolicy': ready,
  'networking.gke.io/ManagedCertificate': [
    { each: 'status.domainStatus', steps: [{ field: 'status', Degraded: ['Failed*'] }] },
    {
      field: 'status.certificateStatus',
      Healthy: ['Active'],
      Progressing: ['Provisioning'],
      Degraded: ['ProvisioningFailed*', 'RenewalFailed'],
    },
  ],
  'external-secrets.io/ClusterExternalSecret': [
    { condition: 'PartiallyReady', True: 'Degraded' },
    { condition: 'NotReady', True: 'Degraded' },
    ...ready,
  ],
  'external-secrets.io/*': ready,
  'generators.external-secrets.io/*': [...ready, { when: [], is: 'Healthy' }],
  'kubernetes-client.io/ExternalSecret': [{ field: 'status.status', Healthy: ['SUCCESS'], Degraded: ['ERROR*'] }],
  // Its controller has written a status by default only since 0.18.
  'bitnami.com/SealedSecret': [
    { condition: 'Synced', True: 'Healthy', False: 'Degraded' },
    { when: [], is: 'Healthy' },
  ],
  'onepassword.com/OnePasswordItem': ready,
  'secrets.hashicorp.com/*': [
    { condition: ['Healthy', 'SecretSynced', 'Ready'], False: 'Degraded' },
    { field: 'status.valid', Degraded: ['false'] },
    { condition: ['Ready', 'Healthy', 'SecretSynced'], True: 'Healthy' },
    { field: 'status.valid', Healthy: ['true'] },
    { when: [{ field: 'status.lastGeneration', empty: false }], is: 'Healthy' },
  ],
  'redhatcop.redhat.io/*': [
    { condition: 'ReconcileSuccessful', True: 'Healthy', False: 'Degraded' },
    { condition: 'ReconcileError', True: 'Degraded' },
  ],
  'secrets-store.csi.x-k8s.io/SecretProviderClass': [{ when: [], is: 'Healthy' }],
  'k8s.keycloak.org/Keycloak': [
    { condition: 'HasErrors', True: 'Degraded' },
    { condition: 'RollingUpdate', True: 'Progressing' },
    { condition: 'Ready', True: 'Healthy', False: 'Progressing', Unknown: 'Progressing' },
  ],
  'k8s.keycloak.org/KeycloakRealmImport': [
    { condition: 'HasErrors', True: 'Degraded' },
    { condition: 'Done', True: 'Healthy' },
  ],
  'iammanager.keikoproj.io/Iamrole': [
    {
      field: 'status.state',
      Healthy: ['Ready'],
      Progressing: ['InProgress', 'CreateInProgress', 'Pending'],
      Degraded: ['Error', 'PolicyNotAllowed', 'RolesMaxLimitReached', 'RoleNameNotAvailable', 'Failed*'],
      message: 'status.errorDescription',
    },
  ],
  'services.cloud.sap.com/*': [
    { condition: 'Failed', True: 'Degraded' },
    { condition: 'Succeeded', Progressing: ['*InProgress'], False: 'Degraded' },
    { condition: 'Ready', True: 'Healthy', False: 'Progressing' },
    { condition: 'Succeeded', True: 'Healthy' },
  ],
  'kyverno.io/*': [...readyOrWorking, { field: 'status.ready', Healthy: ['true'], Degraded: ['false'] }],
  'policies.kyverno.io/*': observedReady,
};
