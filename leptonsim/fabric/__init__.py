"""What the links of a chip carry: DRAM under a mix of access patterns, PCIe packet by packet, the network on chip.

Each file turns a section of the chip's YAML into a bandwidth, a latency and an energy. The compiler asks them what a
mapping will cost and the machine asks them what it does cost, so that both speak of the same chip. How links are shared
in time is not here: see ``leptonsim.machine.links`` and the kernel ``fabric``.
"""
