"""The DRAM parts that ship with leptonsim: one YAML file each, its name being the value of ``dram.part`` in a chip."""
