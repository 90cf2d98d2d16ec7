"""Whether two checkouts of the project give the same numbers, bit for bit: short runs of every federated preset and of
what presets leave out.

    python benchmarks/same_numbers.py OLD        # a line for every case: its last accuracy and NMSE, and a hash
    python benchmarks/same_numbers.py OLD NEW    # the same of both, and which cases differ, in which variables

Each checkout runs in a process of its own. MNIST and CIFAR-10 are read from $OVERAIR_DATA; without them those cases
run on digits. Compared are the variables that both have, at every round: losses tell apart what accuracies do not.
"""

import argparse
import json
import os
import subprocess
import sys
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

SMALL = ["data=digits", "model=softmax", "partition=iid", "grant={compression=2}"]  # where the data are missing
LATE = "{kind=timing_offset,high=[4.0,24.0],seen=[true,false]}"
PRESETS = {  # preset: its data, and settings that make it short
    "quickstart": ("digits", ["rounds=3", "seeds=[0,1]", "link.snr_db=[-10,10]"]),
    "amiri2020": ("mnist", ["rounds=2", "partition={kind='iid',samples_per_device=100}"]),
    "abdi_rlc": ("mnist", ["rounds=1", "devices=8", "grant.compression=20"]),
    "abdi_cifar": ("cifar-10-batches-bin", ["rounds=1", "devices=4"]),
    "bayes_recovery": (
        "mnist",
        ["rounds=1", "link.snr_db=20", "batch_size=16", "uplink.codec.recovery=[amp,em_bg_amp]"],
    ),
    "clock_offset": (
        "mnist",
        ["rounds=2", "devices=5", "batch_size=8", f"link.impairments=[{LATE}]"],
    ),
}  # fmt: skip
PLAIN = {
    "data": "digits",
    "model": "softmax",
    "partition": {"kind": "dirichlet", "alpha": 0.5},
    "devices": 7,
    "rounds": 3,
    "seeds": [3],
    "uplink": [
        "ideal",
        {"kind": "analog", "codec": {"kind": "random_linear", "compression": 2.0}},
        "digital",
    ],
}
FEDAVG = "algorithm={kind='fedavg',epochs=2,learning_rate=0.3}"
RULES = "uplink={kind='analog',rule=[mse_optimal,greedy_selection,blind]}"
RECEIVED = "uplink=[{kind='analog'},{kind='analog',codec='sparse',rule='individual'}]"
CODED = "{kind='analog',codec={kind='random_linear',compression=2.0}"
AVERAGE = f"uplink=[{{kind='analog',budget='average'}},{CODED},budget='average'}}]"
TOP = "{kind='digital',compressor='top_k',feedback=1}"
OWING = f"uplink=[{CODED},feedback=0.5}},{TOP},{{kind='analog',codec='low_rank'}}]"
CASES = {  # what presets leave out
    "fedavg": [FEDAVG, "batch_size=16"],
    "participation": ["participation=0.5", "batch_size=16"],
    "packets": ["uplink={kind='digital',rate='ldpc'}", "grant.elements=1000"],
    "chunks": [FEDAVG, "chunk=2", "participation=0.7", "batch_size=16"],
    "loop": ["executor=loop", "batch_size=16", "uplink=[ideal,analog]"],
    "rules in chunks": [RULES, "chunk=3", "link.channel=rayleigh"],
    "feedback": [OWING, "participation=0.7", "rounds=4"],
    "feedback in chunks": [OWING, "chunk=3"],
    "average": [AVERAGE, "participation=0.5", "link.channel=rayleigh"],
    "downlink": ["downlink.snr_db=5", "downlink.offsets_db=[0,-3]", "participation=0.5"],
    "downlink, received": ["downlink={snr_db=5,sends='received'}", RECEIVED, "chunk=3"],
    "pilots": ["link.csit=estimated", "link.csir=estimated", "uplink=[analog,digital]"],
    "budgets": ["link.power_offsets_db=[0,-5,3]", "uplink=[analog,digital]", "link.antennas=2"],
    "moving": ["link.channel={kind='tdl',speed=30.0}", "uplink=[{kind='analog',rule='mse_optimal'},digital]"],
    "amplifier": ["link.impairments=[amplifier]", "uplink=[analog,digital]", "link.channel=rayleigh", "chunk=4"],
    "sharers": ["uplink={kind='digital',sdma=2}", "link.antennas=3", "link.channel=rayleigh"],
}


def work() -> None:
    """Run every case with the package on the path; a line of JSON for each."""
    import numpy as np

    from overair.scenarios import run

    data = Path(os.environ.get("OVERAIR_DATA", "/nowhere"))
    cases: dict[str, tuple[Any, list[str]]] = {}
    for name, (needed, sets) in PRESETS.items():
        there = needed == "digits" or (data / needed).is_dir()
        cases[name] = name, [*([] if there else SMALL), *sets, *([] if name == "quickstart" else ["seeds=[0]"])]
    cases |= {name: (PLAIN, sets) for name, sets in CASES.items()}
    for name, (source, sets) in cases.items():
        results = run(source, [*sets, "evaluate_every=1"])
        hashes = {
            str(variable): blake2b(
                np.ascontiguousarray(results[variable].values, float).tobytes(), digest_size=8
            ).hexdigest()
            for variable in results.data_vars
        }
        last = results.isel(round=-1)
        means = [float(np.nanmean(last[variable])) for variable in ("accuracy", "nmse")]
        print(json.dumps({"case": name, "hashes": hashes, "accuracy": means[0], "nmse": means[1]}), flush=True)


def outcomes(checkout: Path) -> dict[str, dict[str, Any]]:
    """What every case gives in a checkout."""
    command = [sys.executable, str(Path(__file__).resolve()), "--work"]
    environment = os.environ | {"PYTHONPATH": str(checkout.resolve()), "TF_CPP_MIN_LOG_LEVEL": "3"}
    print(f"{checkout}")
    found = {}
    piped: dict[str, Any] = {"stdout": subprocess.PIPE, "text": True}
    with (
        TemporaryFile("w+") as said,
        subprocess.Popen(command, cwd=checkout, env=environment, stderr=said, **piped) as process,
    ):
        assert process.stdout
        for line in process.stdout:
            outcome = json.loads(line)
            found[outcome["case"]] = outcome
            together = blake2b(json.dumps(outcome["hashes"], sort_keys=True).encode(), digest_size=8).hexdigest()
            print(f"  {outcome['case']:20} {outcome['accuracy']:.4f}  {outcome['nmse']:10.4g}  {together}", flush=True)
        if process.wait():
            said.seek(0)
            raise SystemExit(f"{said.read()[-2000:]}\n{checkout}: expected exit code 0, received {process.returncode}")
    return found


def compare(old: dict[str, dict[str, Any]], new: dict[str, dict[str, Any]]) -> int:
    """How many cases differ; says which."""
    wrong = 0
    for name, before in old.items():
        after = new[name]["hashes"]
        different = [each for each, value in before["hashes"].items() if each in after and after[each] != value]
        wrong += bool(different)
        print(f"  {name:20} {'differs in ' + ', '.join(different) if different else 'equal bits'}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", nargs="*", type=Path, metavar="CHECKOUT")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return work()
    if len(options.checkouts) not in (1, 2):
        parser.error("expected one checkout or two")
    found = [outcomes(checkout) for checkout in options.checkouts]
    if len(found) == 2:
        wrong = compare(*found)
        print(f"{len(found[0]) - wrong} of {len(found[0])} cases have equal bits")
        raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
