{{/* The configuration of a role, in TOML, with the keys that it uses and no secret. Takes root and
role. */}}
{{- define "laurel.config" -}}
{{- $values := .root.Values -}}
{{- $role := .role -}}
{{- $needs := get (include "laurel.needs" .root | fromYaml) $role -}}
{{- $fullname := include "laurel.fullname" .root -}}
{{- $public := has $role (list "embedded" "gateway") -}}
data = "/var/lib/laurel"
public_url = {{ $values.publicUrl | toJson }}
development = {{ $values.development }}
{{- if $public }}
listen = "0.0.0.0:8080"
{{- end }}
{{- if has $role (list "embedded" "keyvault") }}
root_key = "/etc/laurel/root-key/root.key"
{{- end }}

[log]
level = {{ $values.log.level | toJson }}
format = {{ $values.log.format | toJson }}

[ops]
listen = "0.0.0.0:9090"
{{- if and $values.telemetry.endpoint $needs.traces }}

[telemetry]
endpoint = {{ $values.telemetry.endpoint | toJson }}
sampled = {{ $values.telemetry.sampled }}
{{- if $values.telemetry.headers.existingSecret }}
headers_file = "/etc/laurel/telemetry/headers"
{{- end }}
{{- end }}

[limits]
artwork_bytes = {{ int $values.limits.artworkBytes }}
batch_bytes = {{ int $values.limits.batchBytes }}
graphql_points = {{ int $values.limits.graphqlPoints }}
graphql_points_per_second = {{ int $values.limits.graphqlPointsPerSecond }}
{{- if and $public $values.tls.existingSecret }}

[tls]
listen = "0.0.0.0:8443"
certificate = "/etc/laurel/tls/tls.crt"
key = "/etc/laurel/tls/tls.key"
{{- end }}
{{- if $needs.mail }}

[mail]
from = {{ $values.mail.from | toJson }}
{{- if $values.mail.smtp.existingSecret }}
smtp_file = "/etc/laurel/mail/url"
{{- end }}
{{- end }}
{{- if $needs.web }}

[egress]
allow = {{ $values.egress.allow | toJson }}
{{- end }}
{{- if $needs.stores }}

[stores]
{{- range $store := list "events" "models" }}
{{- $place := get $values.stores $store }}
{{- if $place.existingSecret }}
{{ $store }}_file = "/etc/laurel/stores/{{ $store }}"
{{- else }}
{{ $store }} = {{ $place.url | toJson }}
{{- end }}
{{- end }}
keys = "https://{{ $fullname }}-keyvault:7443"
{{- end }}
{{- if or $needs.stores (eq $role "keyvault") }}

[mesh]
listen = {{ ternary "127.0.0.1:7443" "0.0.0.0:7443" (eq $role "gateway") | toJson }}
certificate = "/etc/laurel/mesh/tls.crt"
key = "/etc/laurel/mesh/tls.key"
authority = "/etc/laurel/mesh/ca.crt"
{{- with $needs.calls }}

[mesh.roles]
{{- range . }}
{{ . }} = "https://{{ $fullname }}-{{ . }}:7443"
{{- end }}
{{- end }}
{{- end }}
{{- if eq $role "eventstore" }}

[eventstore]
listen = "0.0.0.0:2113"
certificate = "/etc/laurel/eventstore/tls.crt"
key = "/etc/laurel/eventstore/tls.key"
users_file = "/etc/laurel/users/users"
{{- end }}
{{- if $public }}
{{- range $values.trustedIssuers }}

[[trusted_issuers]]
issuer = {{ .issuer | toJson }}
name = {{ .name | toJson }}
{{- end }}
{{- end }}
{{- if has $role (list "embedded" "issuers") }}
{{- range $values.oidc }}

[[oidc]]
issuer = {{ .issuer | toJson }}
audience = {{ .audience | toJson }}
{{- end }}
{{- end }}
{{ end -}}
