{{/* The pod template of a role. Takes root, role and workload. */}}
{{- define "laurel.pod" -}}
{{- $values := .root.Values -}}
{{- $role := .role -}}
{{- $workload := .workload -}}
{{- $needs := get (include "laurel.needs" .root | fromYaml) $role -}}
{{- $public := has $role (list "embedded" "gateway") -}}
{{- $mesh := or $needs.stores (eq $role "keyvault") -}}
metadata:
  labels:
    {{- include "laurel.selector" .root | nindent 4 }}
    app.kubernetes.io/component: {{ $role }}
    app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
    app.kubernetes.io/part-of: laurel
    {{- with .root.Values.commonLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- with $workload.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # Another configuration is another revision.
    checksum/config: {{ include "laurel.config" (dict "root" .root "role" $role) | sha256sum }}
    {{- with $workload.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "laurel.serviceAccount" .root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ int $workload.terminationGracePeriodSeconds }}
  {{- with $workload.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: laurel
      {{- if $values.image.digest }}
      image: {{ printf "%s@%s" $values.image.repository $values.image.digest | quote }}
      {{- else }}
      image: {{ printf "%s:%s" $values.image.repository ($values.image.tag | default .root.Chart.AppVersion) | quote }}
      {{- end }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args:
        - serve
        {{- if ne $role "embedded" }}
        - {{ $role }}
        {{- end }}
      env:
        - name: LAUREL_CONFIG
          value: /etc/laurel/config/laurel.toml
        {{- with $workload.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        {{- if $public }}
        - { name: http, containerPort: 8080 }
        {{- if $values.tls.existingSecret }}
        - { name: https, containerPort: 8443 }
        {{- end }}
        {{- end }}
        {{- if and $mesh (ne $role "gateway") }}
        - { name: mesh, containerPort: 7443 }
        {{- end }}
        {{- if eq $role "eventstore" }}
        - { name: events, containerPort: 2113 }
        {{- end }}
        - { name: ops, containerPort: 9090 }
      # Opening a long log after a crash may take minutes.
      startupProbe:
        httpGet: { path: /-/live, port: ops }
        periodSeconds: 2
        failureThreshold: 150
      livenessProbe:
        httpGet: { path: /-/live, port: ops }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /-/ready, port: ops }
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      lifecycle:
        preStop:
          sleep: { seconds: {{ int $workload.preStopSeconds }} }
      resources:
        {{- toYaml $workload.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      volumeMounts:
        - { name: config, mountPath: /etc/laurel/config, readOnly: true }
        - { name: data, mountPath: /var/lib/laurel }
        - { name: tmp, mountPath: /tmp }
        {{- if has $role (list "embedded" "keyvault") }}
        - { name: root-key, mountPath: /etc/laurel/root-key, readOnly: true }
        {{- end }}
        {{- if $mesh }}
        - { name: mesh, mountPath: /etc/laurel/mesh, readOnly: true }
        {{- end }}
        {{- if and $needs.stores (or $values.stores.events.existingSecret $values.stores.models.existingSecret) }}
        - { name: stores, mountPath: /etc/laurel/stores, readOnly: true }
        {{- end }}
        {{- if and $needs.stores (include "laurel.eventsAuthority" .root) }}
        - { name: events-authority, mountPath: /etc/laurel/events, readOnly: true }
        {{- end }}
        {{- if and $needs.mail $values.mail.smtp.existingSecret }}
        - { name: mail, mountPath: /etc/laurel/mail, readOnly: true }
        {{- end }}
        {{- if and $needs.traces $values.telemetry.endpoint $values.telemetry.headers.existingSecret }}
        - { name: telemetry, mountPath: /etc/laurel/telemetry, readOnly: true }
        {{- end }}
        {{- if and $public $values.tls.existingSecret }}
        - { name: tls, mountPath: /etc/laurel/tls, readOnly: true }
        {{- end }}
        {{- if eq $role "eventstore" }}
        - { name: eventstore, mountPath: /etc/laurel/eventstore, readOnly: true }
        - { name: users, mountPath: /etc/laurel/users, readOnly: true }
        {{- end }}
  {{- with $workload.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $workload.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $workload.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if and $workload.topologySpread.enabled (not .stateful) }}
  topologySpreadConstraints:
    {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - topologyKey: {{ . }}
      maxSkew: 1
      whenUnsatisfiable: {{ $workload.topologySpread.whenUnsatisfiable }}
      labelSelector:
        matchLabels:
          {{- include "laurel.selector" $.root | nindent 10 }}
          app.kubernetes.io/component: {{ $role }}
      matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
  volumes:
    {{- include "laurel.volumes" (dict "root" .root "role" $role "stateful" .stateful "mesh" $mesh "public" $public "needs" $needs) | trim | nindent 4 }}
{{- end -}}

{{/* The volumes of that pod. Secrets are for the group alone: Laurel refuses keys that everybody may
read. */}}
{{- define "laurel.volumes" -}}
{{- $values := .root.Values -}}
{{- $fullname := include "laurel.fullname" .root -}}
- name: config
  configMap:
    name: {{ $fullname }}-config
    items:
      - { key: {{ .role }}.toml, path: laurel.toml }
- name: tmp
  emptyDir: { sizeLimit: 256Mi }
{{- if eq .role "design" }}
- name: data
  persistentVolumeClaim:
    claimName: {{ $values.persistence.artwork.existingClaim | default (printf "%s-artwork" $fullname) }}
{{- else if not .stateful }}
- name: data
  emptyDir: { sizeLimit: 256Mi }
{{- end }}
{{- if has .role (list "embedded" "keyvault") }}
- name: root-key
  secret:
    secretName: {{ $values.rootKey.existingSecret }}
    defaultMode: 0440
    items:
      - { key: {{ $values.rootKey.key }}, path: root.key }
{{- end }}
{{- if .mesh }}
- name: mesh
  secret:
    secretName: {{ include "laurel.meshSecret" . }}
    defaultMode: 0440
{{- end }}
{{- if and .needs.stores (or $values.stores.events.existingSecret $values.stores.models.existingSecret) }}
- name: stores
  projected:
    defaultMode: 0440
    sources:
      {{- range $store := list "events" "models" }}
      {{- $place := get $values.stores $store }}
      {{- if $place.existingSecret }}
      - secret:
          name: {{ $place.existingSecret }}
          items:
            - { key: {{ $place.key }}, path: {{ $store }} }
      {{- end }}
      {{- end }}
{{- end }}
{{- if and .needs.stores (include "laurel.eventsAuthority" .root) }}
- name: events-authority
  secret:
    secretName: {{ include "laurel.eventsAuthority" .root }}
    defaultMode: 0440
    items:
      - { key: {{ $values.stores.events.authority.key }}, path: ca.crt }
{{- end }}
{{- if and .needs.mail $values.mail.smtp.existingSecret }}
- name: mail
  secret:
    secretName: {{ $values.mail.smtp.existingSecret }}
    defaultMode: 0440
    items:
      - { key: {{ $values.mail.smtp.key }}, path: url }
{{- end }}
{{- if and .needs.traces $values.telemetry.endpoint $values.telemetry.headers.existingSecret }}
- name: telemetry
  secret:
    secretName: {{ $values.telemetry.headers.existingSecret }}
    defaultMode: 0440
    items:
      - { key: {{ $values.telemetry.headers.key }}, path: headers }
{{- end }}
{{- if and .public $values.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ $values.tls.existingSecret }}
    defaultMode: 0440
{{- end }}
{{- if eq .role "eventstore" }}
- name: eventstore
  secret:
    secretName: {{ include "laurel.eventstoreSecret" .root }}
    defaultMode: 0440
- name: users
  secret:
    secretName: {{ $values.eventstore.users.existingSecret }}
    defaultMode: 0440
    items:
      - { key: {{ $values.eventstore.users.key }}, path: users }
{{- end }}
{{- end -}}
