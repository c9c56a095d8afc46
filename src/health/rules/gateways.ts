// Health of what leads traffic: Gateway API, Gloo, Contour, Istio, Traefik, MetalLB, Cilium, OpenShift routes,
// external DNS.
import type { Rule, RuleTable } from '../step.ts';
import { ready, readyOrWorking } from './ready.ts';

const own = 'conditions';
const pending: readonly string[] = ['Pending', 'Waiting'];

/** Of each parent or ancestor. */
const attached: Rule = [
  {
    in: own,
    fresh: true,
    condition: ['Accepted', 'ResolvedRefs', 'Programmed'],
    Progressing: pending,
    False: 'Degraded',
  },
  { in: own, condition: 'PartiallyInvalid', True: 'Degraded' },
  { in: own, condition: ['Accepted', 'ResolvedRefs', 'Programmed'], Unknown: 'Progressing' },
  { in: own, condition: 'Accepted', True: 'Healthy' },
];
const route: Rule = [{ each: 'status.parents', steps: attached }];
const attachedPolicy: Rule = [{ each: 'status.ancestors', steps: attached }];

const gateway: Rule = [
  { observed: 'status.observedGeneration' },
  {
    fresh: true,
    condition: ['Accepted', 'Scheduled', 'Programmed', 'Ready'],
    Progressing: [...pending, 'NotReconciled', 'AddressNotAssigned', 'ListenersNotReady'],
    False: 'Degraded',
  },
  {
    each: 'status.listeners',
    steps: [
      { in: own, condition: ['Accepted', 'ResolvedRefs', 'Programmed'], Progressing: pending, False: 'Degraded' },
      { in: own, condition: 'Conflicted', True: 'Degraded' },
    ],
  },
  { condition: ['Accepted', 'Programmed', 'Ready'], Unknown: 'Progressing' },
  { condition: ['Programmed', 'Ready', 'Accepted'], True: 'Healthy' },
];

const solo = {
  Healthy: ['Accepted', '1'],
  Progressing: ['Pending', '0'],
  Degraded: ['Rejected', 'Warning', '2', '3'],
} as const;
const gloo: Rule = [
  { each: 'status.statuses', steps: [{ field: 'state', ...solo, message: 'reason' }] },
  { field: 'status.state', ...solo, message: 'status.reason' },
  { each: 'status.subresourceStatuses', steps: [{ field: 'state', ...solo, message: 'reason' }] },
];

const valid: Rule = [
  { condition: 'Valid', Progressing: ['NotReconciled'], True: 'Healthy', False: 'Degraded', Unknown: 'Progressing' },
];

export const gateways: RuleTable = {
  'gateway.networking.k8s.io/GatewayClass': [
    { condition: 'Accepted', Progressing: pending, True: 'Healthy', False: 'Degraded', Unknown: 'Progressing' },
  ],
  'gateway.networking.k8s.io/Gateway': gateway,
  'gateway.networking.k8s.io/BackendTLSPolicy': attachedPolicy,
  'gateway.networking.k8s.io/*': route,
  'gateway.networking.x-k8s.io/*': attachedPolicy,
  'gateway.envoyproxy.io/*': attachedPolicy,
  'gateway.solo.io/*': gloo,
  'gloo.solo.io/*': gloo,
  'enterprise.gloo.solo.io/*': gloo,
  'projectcontour.io/HTTPProxy': [
    ...valid,
    {
      field: 'status.currentStatus',
      Healthy: ['valid'],
      Progressing: ['NotReconciled'],
      Degraded: ['invalid', 'orphaned'],
      message: 'status.description',
    },
  ],
  'projectcontour.io/*': valid,
  'install.istio.io/IstioOperator': [
    {
      field: 'status.status',
      Healthy: ['HEALTHY', '3'],
      Progressing: ['NONE', 'UPDATING', 'RECONCILING', '1', '2'],
      Degraded: ['ERROR', 'ACTION_REQUIRED', '4', '5'],
      message: 'status.message',
    },
  ],
  'sailoperator.io/*': [
    { observed: 'status.observedGeneration' },
    { condition: 'Reconciled', False: 'Degraded' },
    { condition: 'Ready', True: 'Healthy', False: 'Progressing' },
  ],
  'route.openshift.io/Route': [
    {
      each: 'status.ingress',
      steps: [{ in: own, condition: 'Admitted', True: 'Healthy', False: 'Degraded', Unknown: 'Progressing' }],
    },
  ],
  'metallb.io/BGPPeer': [{ when: [], is: 'Healthy' }],
  'metallb.io/*': [{ when: [], is: 'Healthy' }],
  'cilium.io/CiliumNetworkPolicy': [
    { condition: 'Valid', False: 'Degraded' },
    { when: [], is: 'Healthy' },
  ],
  'cilium.io/CiliumClusterwideNetworkPolicy': [
    { condition: 'Valid', False: 'Degraded' },
    { when: [], is: 'Healthy' },
  ],
  'submariner.io/*': readyOrWorking,
  'externaldns.k8s.io/DNSEndpoint': [{ observed: 'status.observedGeneration' }, { when: [], is: 'Healthy' }],
  'proclaim.dogmatiq.io/*': [
    {
      condition: ['Adopted', 'Advertised', 'Discoverable', 'DNSRecordsSynced', 'Ready'],
      Progressing: [...pending, 'Unadvertised', 'AwaitingPropagation'],
      False: 'Degraded',
      Unknown: 'Progressing',
    },
    { condition: ['Discoverable', 'Advertised', 'Ready', 'Adopted'], True: 'Healthy' },
  ],
  'configuration.konghq.com/*': [
    { condition: 'Programmed', True: 'Healthy', False: 'Degraded', Unknown: 'Progressing' },
  ],
  'networkaddonsoperator.network.kubevirt.io/*': [
    { condition: ['Degraded', 'Failing'], True: 'Degraded' },
    { condition: 'Progressing', True: 'Progressing' },
    { condition: 'Available', True: 'Healthy', False: 'Degraded' },
  ],
  'k8s.nginx.org/*': [
    {
      field: 'status.state',
      Healthy: ['Valid'],
      Degraded: ['Invalid'],
      Progressing: ['Warning'],
      message: 'status.message',
    },
  ],
  'networking.gke.io/*': ready,
};
