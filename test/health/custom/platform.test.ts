// Cloud resources, certificates and secrets.
import { conditions, judgeAll, status } from './judge.ts';

judgeAll({
  's3.aws.upbound.io/v1beta1 Bucket': [
    [{}, 'Progressing'],
    [conditions(['Ready', 'True', 'Available'], ['Synced', 'True', 'ReconcileSuccess']), 'Healthy'],
    [conditions(['Ready', 'False', 'Creating'], ['Synced', 'True']), 'Progressing'],
    [conditions(['Ready', 'False', 'Unavailable'], ['Synced', 'True']), 'Degraded'],
    [conditions(['Ready', 'True'], ['Synced', 'False', 'ReconcileError']), 'Degraded'],
    [conditions(['LastAsyncOperation', 'False', 'AsyncCreateFailure'], ['Synced', 'True']), 'Degraded'],
  ],
  'rds.aws.crossplane.io/v1alpha1 DBInstance DBCluster': [
    [conditions(['Ready', 'True', 'Available'], ['Synced', 'True']), 'Healthy'],
    [conditions(['Ready', 'False', 'Creating'], ['Synced', 'True']), 'Progressing'],
  ],
  'aws.upbound.io/v1beta1 ProviderConfig': [
    [{}, 'Healthy'],
    [status({ users: 3 }), 'Healthy'],
  ],
  'apiextensions.crossplane.io/v1 CompositeResourceDefinition': [
    [conditions(['Established', 'True'], ['Offered', 'True']), 'Healthy'],
  ],
  'pkg.crossplane.io/v1 Provider Function Configuration': [
    [{}, 'Progressing'],
    [conditions(['Installed', 'True', 'ActivePackageRevision'], ['Healthy', 'True']), 'Healthy'],
    [conditions(['Installed', 'True'], ['Healthy', 'False', 'UnhealthyPackageRevision']), 'Degraded'],
    [conditions(['Installed', 'True'], ['Healthy', 'Unknown', 'UnknownPackageRevisionHealth']), 'Progressing'],
    [conditions(['Installed', 'False', 'UnpackingPackage']), 'Progressing'],
  ],
  'sql.cnrm.cloud.google.com/v1beta1 SQLInstance': [
    [{}, 'Progressing'],
    [conditions(['Ready', 'True', 'UpToDate']), 'Healthy'],
    [conditions(['Ready', 'False', 'Updating']), 'Progressing'],
    [conditions(['Ready', 'False', 'DependencyNotReady']), 'Progressing'],
    [conditions(['Ready', 'False', 'UpdateFailed']), 'Degraded'],
  ],
  's3.services.k8s.aws/v1alpha1 Bucket': [
    [{}, 'Progressing'],
    [conditions(['ACK.ResourceSynced', 'True']), 'Healthy'],
    [conditions(['ACK.ResourceSynced', 'False']), 'Progressing'],
    [conditions(['ACK.ResourceSynced', 'False'], ['ACK.Terminal', 'True']), 'Degraded'],
  ],
  'storage.azure.com/v1api20230101 StorageAccount': [
    [{}, 'Progressing'],
    [conditions(['Ready', 'True', 'Succeeded']), 'Healthy'],
    [conditions(['Ready', 'False', 'Reconciling']), 'Progressing'],
    [conditions(['Ready', 'False', 'AuthorizationFailed']), 'Degraded'],
  ],
  'cert-manager.io/v1 Certificate': [
    [{}, 'Progressing'],
    [conditions(['Ready', 'True', 'Ready']), 'Healthy'],
    [conditions(['Ready', 'False', 'DoesNotExist']), 'Degraded'],
    [conditions(['Issuing', 'True', 'DoesNotExist'], ['Ready', 'False', 'DoesNotExist']), 'Progressing'],
    [conditions(['Issuing', 'False', 'Failed'], ['Ready', 'False', 'DoesNotExist']), 'Degraded'],
  ],
  'cert-manager.io/v1 Issuer ClusterIssuer': [
    [{}, 'Progressing'],
    [conditions(['Ready', 'True', 'ACMEAccountRegistered']), 'Healthy'],
    [conditions(['Ready', 'False', 'ErrRegisterACMEAccount']), 'Degraded'],
  ],
  'acme.cert-manager.io/v1 Order Challenge': [
    [status({ state: 'pending' }), 'Progressing'],
    [status({ state: 'valid' }), 'Healthy'],
    [status({ state: 'errored' }), 'Degraded'],
  ],
  'networking.gke.io/v1 ManagedCertificate': [
    [{}, 'Progressing'],
    [status({ certificateStatus: 'Provisioning' }), 'Progressing'],
    [status({ certificateStatus: 'Active' }), 'Healthy'],
    [status({ certificateStatus: 'ProvisioningFailedPermanently' }), 'Degraded'],
    [status({ certificateStatus: 'Provisioning', domainStatus: [{ status: 'FailedNotVisible' }] }), 'Degraded'],
  ],
  'external-secrets.io/v1 ExternalSecret SecretStore ClusterSecretStore PushSecret': [
    [{}, 'Progressing'],
    [conditions(['Ready', 'True', 'SecretSynced']), 'Healthy'],
    [conditions(['Ready', 'False', 'SecretSyncedError']), 'Degraded'],
  ],
  'kubernetes-client.io/v1 ExternalSecret': [
    [{}, 'Progressing'],
    [status({ status: 'SUCCESS' }), 'Healthy'],
    [status({ status: 'ERROR, no such key' }), 'Degraded'],
  ],
  'bitnami.com/v1alpha1 SealedSecret': [
    [{}, 'Healthy'],
    [conditions(['Synced', 'True']), 'Healthy'],
    [conditions(['Synced', 'False']), 'Degraded'],
  ],
  'onepassword.com/v1 OnePasswordItem': [
    [{}, 'Progressing'],
    [conditions(['Ready', 'True']), 'Healthy'],
    [conditions(['Ready', 'False']), 'Degraded'],
  ],
  'k8s.keycloak.org/v2alpha1 Keycloak': [
    [conditions(['Ready', 'True'], ['HasErrors', 'False']), 'Healthy'],
    [conditions(['Ready', 'False'], ['HasErrors', 'False']), 'Progressing'],
    [conditions(['Ready', 'True'], ['HasErrors', 'True']), 'Degraded'],
    [conditions(['Ready', 'True'], ['RollingUpdate', 'True']), 'Progressing'],
  ],
  'services.cloud.sap.com/v1 ServiceInstance ServiceBinding': [
    [conditions(['Succeeded', 'True', 'Created'], ['Ready', 'True', 'Provisioned']), 'Healthy'],
    [conditions(['Succeeded', 'False', 'CreateInProgress'], ['Ready', 'False', 'NotProvisioned']), 'Progressing'],
    [conditions(['Succeeded', 'False', 'CreateFailed'], ['Failed', 'True', 'CreateFailed']), 'Degraded'],
  ],
  'kyverno.io/v1 Policy ClusterPolicy': [
    [{}, 'Progressing'],
    [conditions(['Ready', 'True', 'Succeeded']), 'Healthy'],
    [conditions(['Ready', 'False', 'Failed']), 'Degraded'],
    [status({ ready: true }), 'Healthy'],
  ],
});
