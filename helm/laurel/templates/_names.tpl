{{/* Every object's name begins with it. At most 40 characters, so that the longest suffix fits. */}}
{{- define "laurel.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What tells this release's pods from all others. */}}
{{- define "laurel.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of every object. */}}
{{- define "laurel.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "laurel.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: laurel
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "laurel.serviceAccount" -}}
{{- if .Values.serviceAccount.name -}}
{{- .Values.serviceAccount.name -}}
{{- else if .Values.serviceAccount.create -}}
{{- include "laurel.fullname" . -}}
{{- else -}}
default
{{- end -}}
{{- end -}}

{{/* The secret with a role's certificate for the mesh. Takes root and role. */}}
{{- define "laurel.meshSecret" -}}
{{- $named := get .root.Values.mesh.existingSecrets .role -}}
{{- if $named -}}
{{- $named -}}
{{- else -}}
{{- printf "%s-%s-mesh" (include "laurel.fullname" .root) .role -}}
{{- end -}}
{{- end -}}

{{/* The secret with the certificate of the event store role. */}}
{{- define "laurel.eventstoreSecret" -}}
{{- .Values.eventstore.tls.existingSecret | default (printf "%s-eventstore-tls" (include "laurel.fullname" .)) -}}
{{- end -}}

{{/* The secret with the authority of the log's certificate; nothing when it is a public one. */}}
{{- define "laurel.eventsAuthority" -}}
{{- if .Values.stores.events.authority.existingSecret -}}
{{- .Values.stores.events.authority.existingSecret -}}
{{- else if .Values.eventstore.enabled -}}
{{- include "laurel.eventstoreSecret" . -}}
{{- end -}}
{{- end -}}

{{/* The host of publicUrl, without a port. */}}
{{- define "laurel.host" -}}
{{- regexReplaceAll "^https?://([^:/]+).*$" .Values.publicUrl "${1}" -}}
{{- end -}}
