"""Measures Jupyter kernels side by side, in turns; prints lines of: kernel, measure, value.

Called by KernelVersusIpykernel.cs with the folder to work in and the names of the kernels. Needs jupyter_client and nbconvert.
"""

import json
import os
import statistics
import subprocess
import sys
import time

from jupyter_client.manager import KernelManager

STARTS, CELLS, CONVERSIONS = 5, 300, 5


def execute(client, code):
    """Sends a cell and waits for both its reply and the idle status; returns whether it succeeded."""
    message_id = client.execute(code)
    idle, reply = False, None
    while not idle or reply is None:
        if not idle:
            message = client.get_iopub_msg(timeout=60)
            idle = message["parent_header"].get("msg_id") == message_id and message["content"].get("execution_state") == "idle"
        else:
            message = client.get_shell_msg(timeout=60)
            reply = message if message["parent_header"].get("msg_id") == message_id else reply
    return reply["content"]["status"] == "ok"


def started(name):
    """Starts a kernel and returns manager, client and the seconds until the result of 1+1."""
    begun = time.perf_counter()
    manager = KernelManager(kernel_name=name)
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    assert execute(client, "1+1")
    return manager, client, time.perf_counter() - begun


def stop(manager, client):
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def resident(manager):
    """The kernel's resident memory in MB, its children's included."""
    pids, total = [manager.provisioner.pid], 0.0
    while pids:
        pid = pids.pop()
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            total += sum(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
            pids.extend(int(child) for child in children.read().split())
    return total


def cells(manager, client):
    """Milliseconds of a warm cell: the median of the quietest 50 in a row after the first third; and the memory after them."""
    times = []
    for i in range(CELLS):
        begun = time.perf_counter()
        assert execute(client, f"{i} + 1")
        times.append(1000 * (time.perf_counter() - begun))
    return min(statistics.median(times[i:i + 50]) for i in range(CELLS // 3, CELLS - 49)), resident(manager)


def notebook(folder, name):
    path = os.path.join(folder, f"{name.strip('.')}.ipynb")
    sources = ["1 + 1", "2 + 2", "3 + 3"]
    with open(path, "w", encoding="utf-8") as file:
        json.dump({
            "cells": [{"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": source, "outputs": [], "execution_count": None} for i, source in enumerate(sources)],
            "metadata": {"kernelspec": {"name": name, "display_name": name}}, "nbformat": 4, "nbformat_minor": 5}, file)
    return path


def converted(path):
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--output", path + ".out.ipynb", path], check=True, capture_output=True)
    return time.perf_counter() - begun


folder, names = sys.argv[1], sys.argv[2:]
first = {name: [] for name in names}
for turn in range(STARTS):
    for name in names:
        manager, client, seconds = started(name)
        first[name].append(seconds)
        if turn == STARTS - 1:
            milliseconds, memory = cells(manager, client)
            print(name, "cell", milliseconds)
            print(name, "memory", memory)
        stop(manager, client)
paths = {name: notebook(folder, name) for name in names}
conversion = {name: [] for name in names}
for turn in range(CONVERSIONS):
    for name in names:
        conversion[name].append(converted(paths[name]))
for name in names:
    print(name, "first", statistics.median(first[name]))
    print(name, "nbconvert", statistics.median(conversion[name]))
