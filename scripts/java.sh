# Sourced by the other scripts, in the root folder: finds the JDK 25 and the Node that the build needs, or says what is
# missing, and keeps temporary files inside the repository, those that a JVM writes for its observers included. And has what several scripts do.

# MAVEN_OPTS is taken apart at blanks, and so is what the tests' JVMs are started with.
case $PWD in
  *[[:space:]\'\"\&]*)
    echo "The repository lies in a folder with a blank, a quote or & in its path, which the build cannot take: $PWD. Move it." >&2
    exit 1
    ;;
esac

is_jdk_25() { [ -x "$1/bin/javac" ] && [ -f "$1/release" ] && grep -q '^JAVA_VERSION="25[".]' "$1/release"; }

find_jdk_25() {
  local jdk
  for jdk in "${JAVA_HOME:-}" /usr/lib/jvm/* "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/* /opt/*jdk* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home "$HOME"/Library/Java/JavaVirtualMachines/*/Contents/Home; do
    if is_jdk_25 "$jdk"; then echo "$jdk"; return; fi
  done
}

JAVA_HOME=$(find_jdk_25)
if [ -z "$JAVA_HOME" ]; then
  echo "A JDK 25 is missing. Install one (https://adoptium.net), or point JAVA_HOME to it." >&2
  exit 1
fi
if ! command -v node >/dev/null || ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then
  echo "Node 20 or newer is missing from the PATH; CDK runs on it. Install it (https://nodejs.org)." >&2
  exit 1
fi

mkdir -p target/tmp
export JAVA_HOME TMPDIR="$PWD/target/tmp" MAVEN_OPTS="-XX:-UsePerfData -Djava.io.tmpdir=$PWD/target/tmp ${MAVEN_OPTS:-}"

# Of every JVM that a script starts; and of those that are to start quickly and stay small.
JVM_OPTIONS=(-XX:-UsePerfData -Djava.io.tmpdir="$TMPDIR" -Dmeterveil.repository="$PWD" -Dstdout.encoding=UTF-8 -Dstderr.encoding=UTF-8
  --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow)
QUICK_JVM_OPTIONS=("${JVM_OPTIONS[@]}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1)

# The functions of the embedded platform run in AWS's runtime interface client, whose native half is there for these alone.
need_linux() {
  case $(uname -sm) in
    "Linux x86_64" | "Linux aarch64") ;;
    *)
      echo "The embedded platform runs on Linux on x86-64 and ARM only, and this is $(uname -sm)." >&2
      exit 1
      ;;
  esac
}

# build_if_changed MARKER PRODUCT SOURCE… -- COMMAND…: builds when a source is newer than the beginning of the last build that succeeded, so
# what is edited while it builds is built the next time; or when what it makes is gone.
build_if_changed() {
  local marker=$1 product=$2 sources=()
  shift 2
  while [ "$1" != -- ]; do sources+=("$1"); shift; done
  shift
  if [ -f "$marker" ] && [ -f "$product" ] && [ -z "$(find "${sources[@]}" \( -name target -o -name node_modules \) -prune -o -newer "$marker" -type f -print -quit)" ]; then
    return
  fi
  touch "$marker.begun"
  "$@"
  mv "$marker.begun" "$marker"
}
