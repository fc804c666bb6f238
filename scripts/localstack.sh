# Sourced by the scripts that run LocalStack: says which image it is, as `Place` (localstack/emulator) does where Maven is called alone, and whether it can be had.

# 4.14.0 is the last version that starts without an account at LocalStack. Who has the token of one gets the latest; LOCALSTACK_IMAGE names any other.
version=4.14.0
if [ -n "${LOCALSTACK_AUTH_TOKEN:-}" ]; then version=latest; fi
export LOCALSTACK_IMAGE=${LOCALSTACK_IMAGE:-localstack/localstack:$version}

# Pulls the image where it is not there.
need_localstack() {
  if ! docker info >/dev/null 2>&1; then
    echo "No Docker engine answers; LocalStack runs in one." >&2
    exit 1
  fi
  if ! docker image inspect "$LOCALSTACK_IMAGE" >/dev/null 2>&1 && ! docker pull -q "$LOCALSTACK_IMAGE" >/dev/null; then
    echo "The image $LOCALSTACK_IMAGE is not there and cannot be pulled." >&2
    exit 1
  fi
}
