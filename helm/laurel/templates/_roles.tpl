{{/* Which processes there are, and which of them are stateless. */}}
{{- define "laurel.roles" -}}
{{- if eq .Values.mode "embedded" }}
stateless: []
stateful: [embedded]
{{- else }}
stateless: [gateway, issuers, design, awarding, backpack, analytics]
stateful: [keyvault{{ if .Values.eventstore.enabled }}, eventstore{{ end }}]
{{- end }}
{{- end -}}

{{/* Who calls whom, and who needs which of the things outside: the stores, the mail server, the web
for what strangers' URLs and sign-in providers name; and who makes spans. Configuration and network
policies follow. */}}
{{- define "laurel.needs" -}}
embedded: { calls: [], stores: false, mail: true, web: true, traces: true }
gateway: { calls: [issuers, design, awarding, backpack, analytics, keyvault], stores: true, mail: false, web: true, traces: true }
issuers: { calls: [keyvault], stores: true, mail: true, web: {{ not (empty .Values.oidc) }}, traces: true }
design: { calls: [keyvault], stores: true, mail: false, web: false, traces: true }
awarding: { calls: [issuers, keyvault], stores: true, mail: true, web: false, traces: true }
backpack: { calls: [awarding, keyvault], stores: true, mail: true, web: false, traces: true }
analytics: { calls: [keyvault], stores: true, mail: false, web: false, traces: true }
keyvault: { calls: [], stores: false, mail: false, web: false, traces: true }
eventstore: { calls: [], stores: false, mail: false, web: false, traces: false }
{{- end -}}

{{/* What a role's pods are like: roles.ROLE over workload. Takes root and role. */}}
{{- define "laurel.workload" -}}
{{- $own := get .root.Values.roles .role | default dict -}}
{{- toYaml (mergeOverwrite (deepCopy .root.Values.workload) (deepCopy $own)) -}}
{{- end -}}

{{/* Refuses what the schema cannot say. */}}
{{- define "laurel.check" -}}
{{- $scaled := eq .Values.mode "scaled" -}}
{{- $roles := include "laurel.roles" . | fromYaml -}}
{{- range $role := concat $roles.stateless $roles.stateful -}}
{{- $workload := include "laurel.workload" (dict "root" $ "role" $role) | fromYaml -}}
{{- $least := add $workload.preStopSeconds 25 -}}
{{- if lt (int $workload.terminationGracePeriodSeconds) (int $least) -}}
{{- fail (printf "terminationGracePeriodSeconds of %s: at least preStopSeconds and 25 seconds more, for the drain" $role) -}}
{{- end -}}
{{- if gt (int $workload.autoscaling.minReplicas) (int $workload.autoscaling.maxReplicas) -}}
{{- fail (printf "autoscaling of %s: minReplicas is more than maxReplicas" $role) -}}
{{- end -}}
{{- range $workload.extraEnv -}}
{{- if has .name (list "LAUREL_CONFIG" "LAUREL__ROOT_KEY" "LAUREL__STORES__EVENTS" "LAUREL__STORES__MODELS" "LAUREL__MAIL__SMTP" "LAUREL__TELEMETRY__ENDPOINT") -}}
{{- fail (printf "extraEnv of %s: %s is for the chart to set; secrets come from existingSecret" $role .name) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $role "design") (eq $.Values.persistence.artwork.accessMode "ReadWriteOnce") (or $workload.autoscaling.enabled (gt (int $workload.replicas) 1)) -}}
{{- fail "persistence.artwork.accessMode ReadWriteOnce: set roles.design.replicas to 1 and its autoscaling off, or use ReadWriteMany" -}}
{{- end -}}
{{- end -}}
{{- if and $scaled (not .Values.mesh.certManager.enabled) -}}
{{- range $role, $secret := .Values.mesh.existingSecrets -}}
{{- if not $secret -}}
{{- fail (printf "mesh.existingSecrets.%s: name a secret, or set mesh.certManager.enabled" $role) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.eventstore.enabled (not .Values.eventstore.tls.existingSecret) -}}
{{- fail "eventstore.tls.existingSecret: name a secret, or set mesh.certManager.enabled" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.ingress.enabled (hasPrefix "https:" .Values.publicUrl) (not .Values.ingress.tlsSecret) (not .Values.ingress.annotations) -}}
{{- fail "ingress.tlsSecret: publicUrl begins with https, so name the secret with its certificate (or annotate how the controller gets one)" -}}
{{- end -}}
{{- end -}}
