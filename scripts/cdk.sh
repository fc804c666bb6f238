# Sourced by the scripts that need an AWS account, in the root folder: `cdk` is the command line that package.json pins,
# installed when it is not there, and works on what scripts/synth wrote of a stage.

cdk() {
  local stage=$1
  shift
  if ! cmp -s infrastructure-cdk/package-lock.json infrastructure-cdk/target/cdk-installed; then
    npm ci --prefix infrastructure-cdk --no-audit --no-fund
    cp infrastructure-cdk/package-lock.json infrastructure-cdk/target/cdk-installed
  fi
  # The pinned one or none: npx must not fetch another. It tells nobody what it does, and asks for no news.
  CDK_DISABLE_CLI_TELEMETRY=true npx --prefix infrastructure-cdk --no-install cdk --no-notices --app "infrastructure-cdk/target/cdk.out-$stage" "$@"
}
