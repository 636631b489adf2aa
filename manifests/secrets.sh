#!/usr/bin/env bash
# Makes the Secrets that the manifests name, with random values; those that exist are left alone. Nothing is written
# to a file or shown. Where a secret manager makes them (External Secrets, Vault ...), do not use it.
# usage: manifests/secrets.sh [NAMESPACE]
set -euo pipefail
namespace=${1:-mdlc}

random() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

secret() { # NAME KEY=VALUE...
    local name=$1 line
    shift
    if kubectl --namespace "$namespace" get secret "$name" >/dev/null 2>&1; then
        echo "secret/$name unchanged"
        return
    fi
    # By standard input: an argument could be read by every user of this machine.
    {
        printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n' "$name"
        printf '  labels: {app.kubernetes.io/part-of: mdlc}\n'
        # KServe's storage-initializer asks here where the object store answers.
        [ "$name" != object-store ] || printf '  annotations: {serving.kserve.io/s3-endpoint: "%s", %s}\n' \
            "object-store:9000" 'serving.kserve.io/s3-usehttps: "0"'
        printf 'stringData:\n'
        for line in "$@"; do printf '  %s: "%s"\n' "${line%%=*}" "${line#*=}"; done
    } | kubectl --namespace "$namespace" create --filename - >/dev/null
    echo "secret/$name created"
}

kubectl get namespace "$namespace" >/dev/null 2>&1 ||
    kubectl apply --filename "$(dirname "$0")/base/namespace.yaml"
secret postgres-admin "password=$(random)"
secret postgres-mdlc "username=mdlc" "password=$(random)"
secret postgres-mlflow "username=mlflow" "password=$(random)"
secret object-store "AWS_ACCESS_KEY_ID=mdlc" "AWS_SECRET_ACCESS_KEY=$(random)"
secret trigger "token=$(random)"
secret predictor "token=$(random)"
