// A dashboard is a ConfigMap that Grafana's sidecar picks up by its label.
{
  of(service, panels):: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'dashboard-' + service,
      labels: { grafana_dashboard: '1' },
    },
    data: {
      [service + '.json']: std.manifestJsonEx({
        title: service,
        panels: [{ title: panel, type: 'timeseries' } for panel in panels],
      }, '  '),
    },
  },
}
