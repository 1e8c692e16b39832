"""A simulated USB bus below the real pyusb, and the two XMOS boards with their control protocol."""

from __future__ import annotations

import errno
import struct
import types
from collections.abc import Iterator

import pytest

usb_core = pytest.importorskip("usb.core", reason="pyusb is not installed")
usb_backend = pytest.importorskip("usb.backend", reason="pyusb is not installed")

OUT, IN = 0x40, 0xC0


class Stall(Exception):
    """The device refuses a request, as hardware does: by a stall."""


class Bus(usb_backend.IBackend):
    """A backend of pyusb; hands every control transfer to the device it is for.

    ``unplug_at`` pulls the cable at that transfer (counted from 1), before the device sees it.
    """

    def __init__(self, *devices) -> None:
        self.devices = list(devices)
        self.transfers, self.unplug_at, self.handles = 0, None, 0
        self._plugged = 1  # a device that comes back is another one

    def unplug(self) -> None:
        self._plugged = 0

    def plug_in(self) -> None:
        self.generation = getattr(self, "generation", 1) + 1
        self._plugged, self.unplug_at = self.generation, None

    def enumerate_devices(self) -> Iterator:
        return iter([(device, self._plugged) for device in self.devices] if self._plugged else [])

    def get_parent(self, dev):
        return None

    def get_device_descriptor(self, dev):
        device, _ = dev
        vendor, product = device.ID
        return types.SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0,
            bDeviceProtocol=0, bMaxPacketSize0=64, idVendor=vendor, idProduct=product,
            bcdDevice=0x200, iManufacturer=0, iProduct=0, iSerialNumber=0, bNumConfigurations=1,
            address=5, bus=1, port_number=1, port_numbers=(1,), speed=3,
        )  # fmt: skip

    def open_device(self, dev):
        self._there(dev)
        self.handles += 1
        return dev

    def close_device(self, dev_handle):
        self.handles -= 1

    def ctrl_transfer(self, dev_handle, bmRequestType, bRequest, wValue, wIndex, data, timeout):  # noqa: N803
        self._there(dev_handle)
        self.transfers += 1
        if self.transfers == self.unplug_at:
            self.unplug()
            self._there(dev_handle)
        assert 0 < timeout <= 1000, "a transfer must not wait for long"
        assert bRequest == 0
        device, _ = dev_handle
        try:
            if bmRequestType == OUT:
                device.write(wValue, wIndex, bytes(data))
                return len(data)
            assert bmRequestType == IN
            answer = device.read(wValue, wIndex, len(data))
        except Stall:
            raise usb_core.USBError("Pipe error", -9, errno.EPIPE) from None
        for n, byte in enumerate(answer):
            data[n] = byte
        return len(answer)

    def _there(self, dev) -> None:
        if not self._plugged or dev[1] != self._plugged:
            raise usb_core.USBError("No such device (it may have been disconnected)", -4,
                                    errno.ENODEV)  # fmt: skip


class Xvf3000:
    """The USB Mic Array v2: a ring at wIndex 0x1C and parameters of the signal processor."""

    ID = (0x2886, 0x0018)
    LENGTHS = {0x01: 4, 0x06: 48, 0x20: 1, 0x22: 1}

    def __init__(self) -> None:
        self.colours = [(9, 9, 9)] * 12  # its own pattern at power-up
        self.brightness, self.centre, self.angle = 8, 2, 123

    def write(self, value: int, index: int, data: bytes) -> None:
        if index != 0x1C or self.LENGTHS.get(value) != len(data):
            raise Stall
        if value == 0x20:
            if data[0] > 0x1F:
                raise Stall
            self.brightness = data[0]
        elif value == 0x22:
            self.centre = data[0]
        elif any(data[3::4]):
            raise Stall
        elif value == 0x01:
            self.colours = [tuple(data[:3])] * 12
        else:
            self.colours = [tuple(data[n : n + 3]) for n in range(0, 48, 4)]

    def read(self, value: int, index: int, length: int) -> bytes:
        if (value, index, length) != (0x80 | 0x40, 21, 8):
            raise Stall
        return struct.pack("<ii", self.angle, 0)


class Xvf3800:
    """The XVF3800 board: commands with a status byte, of which 64 asks to try again."""

    ID = (0x2886, 0x001A)
    WRITES = {(20, 1): 2, (20, 12): 1, (20, 13): 1, (20, 16): 4, (20, 19): 48}

    def __init__(self, version=(2, 0, 7), busy: int = 0) -> None:
        self.version, self.busy = version, busy  # reads answered by "again" before each answer
        self.colours = [(0, 0, 0)] * 12
        self.effect, self.brightness, self.muted, self.angle = 4, 64, 0, 200
        self.stuck = False
        self._asked: tuple[tuple[int, int], int] | None = None

    def write(self, value: int, index: int, data: bytes) -> None:
        command = (index, value)
        assert command != (48, 9), "the flash must never be written"
        if self.WRITES.get(command) != len(data):
            raise Stall
        if command == (20, 19) and self.version < (2, 0, 7):
            raise Stall
        if command == (20, 1):
            if data[0] != 30 or data[1] not in (0, 1):
                raise Stall
            self.muted = data[1]
        elif command == (20, 12):
            self.effect = data[0]
        elif command == (20, 13):
            self.brightness = data[0]
        else:
            numbers = struct.unpack(f"<{len(data) // 4}I", data)
            assert max(numbers) <= 0xFFFFFF
            colours = [(n >> 16, n >> 8 & 255, n & 255) for n in numbers]
            self.colours = colours * (12 // len(colours))

    def read(self, value: int, index: int, length: int) -> bytes:
        answers = {
            (48, 0): bytes(self.version),
            (20, 0): bytes((0, self.muted, 0, 1, 0)),
            (20, 18): struct.pack("<HH", self.angle, 1),
        }
        command = (index, value & 0x7F)
        if not value & 0x80 or command not in answers or length != len(answers[command]) + 1:
            raise Stall
        before = self._asked[1] if self._asked and self._asked[0] == command else 0
        if before < self.busy or self.stuck:
            self._asked = (command, before + 1)
            return bytes((64,)) + bytes(length - 1)
        self._asked = None
        return bytes((0,)) + answers[command]

    @property
    def lit(self) -> list[tuple[int, int, int]]:
        """What a person sees."""
        return self.colours if self.effect in (3, 5) else [(0, 0, 0)] * 12
