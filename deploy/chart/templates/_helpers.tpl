{{- define "coxswain.labels" -}}
app.kubernetes.io/part-of: coxswain
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "coxswain.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* A file of manifests that are written for the namespace argocd, in the namespace of the release. */}}
{{- define "coxswain.here" -}}
{{- $file := .Files.Get .file -}}
{{- $file = $file | replace "namespace: argocd" (printf "namespace: %s" .Release.Namespace) -}}
{{- $file | replace "serviceaccount:argocd:" (printf "serviceaccount:%s:" .Release.Namespace) -}}
{{- end }}
