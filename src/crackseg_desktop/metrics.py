"""The catalogue: every series there is, with its unit, identity labels and words.

A name is a Prometheus name in base units. The same name is stored in the history, tested by an alert rule, exposed,
exported and titles a plot; nothing invents a second one. What trainings log themselves (open tags) are curves, not
series, and not here.
"""

from __future__ import annotations

from typing import NamedTuple


class Metric(NamedTuple):
    """One row of the catalogue. ``unit`` is the key that ``units`` formats by; "" is a plain number.

    ``read`` is false for what no reading holds: it follows from the state of a source, a mount, a host or a run.
    """

    name: str
    unit: str
    labels: tuple[str, ...]
    title: str
    help: str
    stored: bool = True
    read: bool = True


_GPU = ("gpu",)
_RUN = ("run",)
_DRIVE = ("drive",)


def _momentary(name: str, unit: str, labels: tuple[str, ...], title: str, words: str) -> Metric:
    """Return a row that is read and shown, and not kept."""
    return Metric(name, unit, labels, title, words, stored=False)


def _state(name: str, labels: tuple[str, ...], title: str, words: str, unit: str = "state") -> Metric:
    return Metric(name, unit, labels, title, words, stored=False, read=False)


_ROWS = (
    Metric("gpu_info", "", ("gpu", "index", "name"), "GPU", "1 for each GPU: its index and its name.", read=False),
    Metric("gpu_memory_total_bytes", "bytes", _GPU, "GPU memory, total", "Memory of the card."),
    Metric(
        "gpu_memory_used_bytes", "bytes", _GPU, "GPU memory", "Memory in use as nvidia-smi counts it, reserved apart."
    ),
    Metric(
        "gpu_memory_reserved_bytes",
        "bytes",
        _GPU,
        "GPU memory, reserved",
        "Memory the driver keeps for itself.",
        stored=False,
    ),
    Metric(
        "gpu_memory_free_bytes", "bytes", _GPU, "GPU memory, free", "Memory that can still be allocated.", stored=False
    ),
    Metric(
        "gpu_memory_used_ratio",
        "ratio",
        _GPU,
        "GPU memory share",
        "Memory in use, as a share of the card's total.",
        stored=False,
    ),
    Metric(
        "gpu_utilization_ratio", "ratio", _GPU, "GPU utilization", "Share of time with at least one kernel running."
    ),
    Metric(
        "gpu_memory_controller_utilization_ratio",
        "ratio",
        _GPU,
        "GPU memory controller",
        "Share of time the memory was read or written.",
    ),
    Metric(
        "gpu_encoder_utilization_ratio",
        "ratio",
        _GPU,
        "GPU video encoder",
        "Share of time the video encoder was in use.",
        stored=False,
    ),
    Metric(
        "gpu_decoder_utilization_ratio",
        "ratio",
        _GPU,
        "GPU video decoder",
        "Share of time the video decoder was in use.",
        stored=False,
    ),
    Metric("gpu_temperature_celsius", "celsius", _GPU, "GPU temperature", "Temperature of the GPU core."),
    Metric(
        "gpu_temperature_slowdown_celsius",
        "celsius",
        _GPU,
        "GPU slowdown temperature",
        "Where the card begins to slow itself.",
        stored=False,
    ),
    Metric(
        "gpu_temperature_shutdown_celsius",
        "celsius",
        _GPU,
        "GPU shutdown temperature",
        "Where the card switches itself off.",
        stored=False,
    ),
    Metric(
        "gpu_temperature_headroom_celsius",
        "celsius",
        _GPU,
        "GPU temperature headroom",
        "How far the temperature is below the point at which the card begins to slow itself.",
        stored=False,
    ),
    Metric("gpu_power_watts", "watts", _GPU, "GPU power", "Power draw of the board."),
    Metric("gpu_power_limit_watts", "watts", _GPU, "GPU power limit", "Power limit in force.", stored=False),
    Metric("gpu_energy_joules_total", "joules", _GPU, "GPU energy", "Energy used since the driver was loaded."),
    Metric("gpu_clock_sm_hertz", "hertz", _GPU, "GPU clock", "Clock of the streaming multiprocessors."),
    Metric("gpu_clock_memory_hertz", "hertz", _GPU, "GPU memory clock", "Clock of the memory."),
    Metric("gpu_clock_sm_max_hertz", "hertz", _GPU, "GPU clock, highest", "Highest clock of the card.", stored=False),
    Metric(
        "gpu_clock_memory_max_hertz",
        "hertz",
        _GPU,
        "GPU memory clock, highest",
        "Highest clock of the memory.",
        stored=False,
    ),
    Metric("gpu_pcie_generation", "", _GPU, "PCIe generation", "Of the link as it runs now.", stored=False),
    Metric(
        "gpu_pcie_generation_max", "", _GPU, "PCIe generation, highest", "That card and slot can run.", stored=False
    ),
    Metric("gpu_pcie_width", "", _GPU, "PCIe lanes", "Of the link as it runs now.", stored=False),
    Metric("gpu_pcie_width_max", "", _GPU, "PCIe lanes, most", "That card and slot can run.", stored=False),
    Metric(
        # A look of 20 ms every 30 s: something to see, but no history.
        "gpu_pcie_transmit_bytes_per_second",
        "bytes_per_second",
        _GPU,
        "PCIe, from the GPU",
        "Sent by the card over PCIe, over 20 ms every 30 s.",
        stored=False,
    ),
    Metric(
        "gpu_pcie_receive_bytes_per_second",
        "bytes_per_second",
        _GPU,
        "PCIe, to the GPU",
        "Received by the card over PCIe, over 20 ms every 30 s.",
        stored=False,
    ),
    Metric("gpu_fan_speed_ratio", "ratio", _GPU, "GPU fan", "Fan speed, as a share of its maximum."),
    Metric("gpu_performance_state", "", _GPU, "GPU performance state", "P-state: 0 is fastest, 15 slowest."),
    Metric(
        "gpu_throttled",
        "",
        _GPU,
        "GPU held back",
        "1 while heat, power brake or a hardware slowdown holds the clocks back.",
    ),
    Metric(
        "gpu_throttled_by_heat",
        "state",
        _GPU,
        "GPU held back by heat",
        "1 while the driver or the hardware lowers the clocks because of heat.",
        stored=False,
    ),
    Metric(
        "gpu_xid_errors_total",
        "",
        _GPU,
        "GPU errors (Xid)",
        "Xid errors that the driver reported since this program started.",
        stored=False,
    ),
    _state(
        "gpu_xid_severity",
        _GPU,
        "GPU error severity",
        "For ten minutes after an Xid error: 2 where the card is lost or its memory damaged, else 1.",
    ),
    _state("gpu_lost", _GPU, "GPU lost", "1 while the driver does not reach a GPU that was there."),
    _state("driver_mismatch", ("source",), "Driver mismatch", "1 while driver and library are of different versions."),
    _state("source_silent", ("source",), "Source silent", "1 while a source of readings does not answer, or fails."),
    _state("mount_silent_seconds", ("mount",), "Mount silent", "How long a file system has not answered.", "seconds"),
    _state("host_unreachable_seconds", ("host",), "Host unreachable", "How long a host has not answered.", "seconds"),
    Metric("host_cpu_used_ratio", "ratio", (), "CPU", "Share of all CPU threads in use."),
    Metric("host_cpu_threads", "", (), "CPU threads", "Logical CPUs.", stored=False),
    _momentary("host_cpu_frequency_hertz", "hertz", (), "CPU clock", "Clock of the CPU, mean of its cores."),
    Metric("host_cpu_temperature_celsius", "celsius", (), "CPU temperature", "The hottest sensor of the CPU."),
    Metric("host_load1", "", (), "Load", "Processes that run or wait, one-minute average."),
    _momentary("host_load5", "", (), "Load, 5 min", "Processes that run or wait, five-minute average."),
    _momentary("host_load15", "", (), "Load, 15 min", "Processes that run or wait, fifteen-minute average."),
    _momentary("host_cpu_pressure_ratio", "ratio", (), "CPU pressure", "Share of 10 s in which some process waited."),
    _momentary(
        "host_memory_pressure_ratio", "ratio", (), "Memory pressure", "Share of 10 s in which some process waited."
    ),
    Metric(
        "host_memory_full_pressure_ratio",
        "ratio",
        (),
        "Memory pressure, all",
        "Share of 10 s in which every process that could run waited for memory.",
    ),
    _momentary("host_io_pressure_ratio", "ratio", (), "I/O pressure", "Share of 10 s in which some process waited."),
    Metric(
        "host_io_full_pressure_ratio",
        "ratio",
        (),
        "I/O pressure, all",
        "Share of 10 s in which every process that could run waited for a disk.",
    ),
    Metric("host_memory_total_bytes", "bytes", (), "RAM, total", "Memory of the machine."),
    Metric("host_memory_used_bytes", "bytes", (), "RAM", "Memory that is not available: total less available."),
    Metric(
        "host_memory_available_bytes",
        "bytes",
        (),
        "RAM, available",
        "Memory that can be given out without swapping.",
        stored=False,
    ),
    Metric(
        "host_memory_used_ratio",
        "ratio",
        (),
        "RAM share",
        "Memory that is not available, as a share of the total.",
        stored=False,
    ),
    _momentary("host_memory_cached_bytes", "bytes", (), "RAM, cached", "Files kept in memory, given up on demand."),
    Metric("host_swap_used_bytes", "bytes", (), "Swap", "Swap in use."),
    _momentary("host_swap_total_bytes", "bytes", (), "Swap, total", "Size of the swap."),
    _momentary("host_swap_in_bytes_per_second", "bytes_per_second", (), "Swap in", "Read back from swap."),
    _momentary("host_swap_out_bytes_per_second", "bytes_per_second", (), "Swap out", "Written to swap."),
    _momentary(
        "host_limit_memory_bytes",
        "bytes",
        (),
        "RAM limit",
        "What the control group of this program, such as a container, may use; only where less than the machine has.",
    ),
    _momentary(
        "host_limit_memory_used_bytes",
        "bytes",
        (),
        "RAM of the limit",
        "In use of that limit, files that can be given up apart.",
    ),
    _momentary("host_limit_memory_used_ratio", "ratio", (), "RAM of the limit, share", "In use, as a share of it."),
    _momentary("host_limit_cpu_threads", "", (), "CPU limit", "CPU threads that the control group may use in full."),
    _momentary("host_battery_charge_ratio", "ratio", (), "Battery", "Charge of the battery."),
    _momentary("host_battery_remaining_seconds", "seconds", (), "Battery lasts", "Time until the battery is empty."),
    _momentary("host_on_battery", "state", (), "On battery", "1 while the machine runs on its battery."),
    _momentary("host_sensor_temperature_celsius", "celsius", ("sensor",), "Temperature", "A sensor of the machine."),
    _momentary("host_fan_speed_rpm", "rpm", ("fan",), "Fan", "Speed of a fan, in revolutions per minute."),
    Metric("host_disk_total_bytes", "bytes", ("mount",), "Disk, total", "Size of the file system."),
    Metric("host_disk_used_bytes", "bytes", ("mount",), "Disk, used", "Space in use.", stored=False),
    Metric("host_disk_free_bytes", "bytes", ("mount",), "Disk, free", "Space that this user can still write."),
    Metric(
        "host_disk_used_ratio",
        "ratio",
        ("mount",),
        "Disk share",
        "Space in use as df counts it: used of used and free.",
        stored=False,
    ),
    Metric("host_disk_read_bytes_per_second", "bytes_per_second", (), "Disk read", "Read from all disks."),
    Metric("host_disk_written_bytes_per_second", "bytes_per_second", (), "Disk write", "Written to all disks."),
    _momentary("host_drive_read_bytes_per_second", "bytes_per_second", _DRIVE, "Drive read", "Read from a drive."),
    _momentary("host_drive_written_bytes_per_second", "bytes_per_second", _DRIVE, "Drive write", "Written to a drive."),
    Metric("host_drive_busy_ratio", "ratio", _DRIVE, "Drive busy", "Share of time with a transfer under way."),
    _momentary(
        "host_drive_latency_seconds", "seconds", _DRIVE, "Drive latency", "Mean time of a transfer, waiting included."
    ),
    Metric(
        "host_network_receive_bytes_per_second",
        "bytes_per_second",
        ("interface",),
        "Network, down",
        "Received on an interface.",
    ),
    Metric(
        "host_network_transmit_bytes_per_second",
        "bytes_per_second",
        ("interface",),
        "Network, up",
        "Sent on an interface.",
    ),
    Metric("training_epoch", "", _RUN, "Epoch", "The last epoch finished."),
    Metric(
        "training_total_epochs", "", _RUN, "Epochs planned", "Epochs that the configuration asks for.", stored=False
    ),
    Metric("training_step", "", _RUN, "Step", "The newest step logged."),
    Metric(
        "training_epochs_per_hour",
        "per_hour",
        _RUN,
        "Training speed",
        "Epochs an hour, by the median of the recent ones.",
    ),
    Metric(
        "training_eta_seconds",
        "seconds",
        _RUN,
        "Time left",
        "Time until the planned epochs are done at the recent speed.",
    ),
    Metric("training_value", "", ("run", "tag"), "Training value", "The newest value of a watched tag."),
    Metric(
        "training_gpu_memory_used_bytes",
        "bytes",
        ("run", "gpu"),
        "GPU memory of a run",
        "Memory that the process of a run holds on a GPU: its highest value is the peak of the run.",
    ),
    _momentary(
        "training_gpu_memory_peak_bytes",
        "bytes",
        ("run", "gpu"),
        "GPU memory peak of a run",
        "The most that the processes of a run were seen to hold on a GPU.",
    ),
    Metric(
        "training_gpu_power_watts",
        "watts",
        ("run", "gpu"),
        "GPU power of a run",
        "Power of a GPU that no other computing process uses; not told of one that is shared.",
    ),
    Metric(
        "training_nonfinite_points_total",
        "",
        _RUN,
        "NaN points",
        "Points that are NaN or infinite in a loss, or in a metric that was finite before.",
    ),
    Metric(
        "training_divergence_ratio",
        "",
        _RUN,
        "Loss divergence",
        "The training loss over its best; above 1.5 only where noise, warm-up and restarts do not explain it.",
    ),
    Metric(
        "training_overfit_ratio",
        "",
        _RUN,
        "Overfitting",
        "The validation loss over the training loss; above 1.5 only once it rises again.",
    ),
    Metric(
        "training_collapse_ratio",
        "",
        _RUN,
        "Collapse",
        "1 while the model predicts nothing, or everything as positive; 0 otherwise.",
    ),
    Metric(
        "training_epochs_without_progress",
        "",
        _RUN,
        "Epochs without progress",
        "Epochs since the metric that the run is judged by got better by 1 % of itself; a plateau from 10 on.",
    ),
    Metric(
        "training_silent_ratio",
        "",
        _RUN,
        "Silence",
        "Time without a new point or checkpoint over what the run's own rhythm explains; stalled above 1.",
        stored=False,
    ),
    _state("training_failed", _RUN, "Run failed", "1 once a run that was watched has failed."),
    _state("training_finished", _RUN, "Run finished", "1 once a run that was watched has come to its end."),
    _state("training_dataset_errors_total", _RUN, "Data set errors", "Failures to load the data set that ended a run."),
    _state(
        "training_ended_while_away_total",
        ("since",),
        "Runs ended while away",
        "Runs that ended while nobody watched.",
        unit="",
    ),
    _state(
        "training_gpu_utilization_ratio",
        _RUN,
        "GPU utilization of a run",
        "Share of time with at least one kernel running, on the GPUs that its process uses.",
        "ratio",
    ),
    Metric("self_cpu_ratio", "ratio", (), "Own CPU", "CPU time of this program, as a share of one core."),
    Metric("self_memory_rss_bytes", "bytes", (), "Own memory", "Resident memory of this program."),
)

CATALOGUE: dict[str, Metric] = {row.name: row for row in _ROWS}
