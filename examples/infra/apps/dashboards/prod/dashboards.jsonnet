local dashboard = import '../lib/dashboard.libsonnet';

[
  dashboard.of('checkout', ['requests', 'errors', 'latency']),
  dashboard.of('payments', ['requests', 'errors', 'settled']),
]
