"""The adapter of pyusb: vendor control transfers to one device, with errors a person can use."""

from __future__ import annotations

import errno
from contextlib import suppress

from assistant.errors import EngineMissing

TO_DEVICE, FROM_DEVICE = 0x40, 0xC0  # vendor request, to the device itself (USB 2.0, table 9-2)
TIMEOUT_MS = 200


class UsbControl:
    """Control transfers to the device ``vendor``:``product``. One thread at a time.

    No interface is claimed, so the sound keeps running. Raises OSError when the device is not
    there or refuses, EngineMissing without pyusb or libusb.
    """

    def __init__(self, vendor: int, product: int) -> None:
        try:
            import usb.core
            import usb.util
        except ImportError as error:
            raise EngineMissing(
                f"package pyusb cannot be loaded ({error}); run ./install.sh setup"
            ) from None
        self._name = f"USB device {vendor:04x}:{product:04x}"
        self._release = usb.util.dispose_resources
        try:
            self._device = usb.core.find(idVendor=vendor, idProduct=product)
        except usb.core.NoBackendError:
            raise EngineMissing("libusb is missing; install libusb-1.0-0") from None
        if self._device is None:
            raise OSError(errno.ENODEV, f"{self._name} is not plugged in")

    def write(self, value: int, index: int, data: bytes) -> None:
        """Send ``data`` with bRequest 0. Raises OSError."""
        sent = self._transfer(TO_DEVICE, value, index, data)
        if sent != len(data):
            raise OSError(errno.EIO, f"{self._name} took {sent} of {len(data)} bytes")

    def read(self, value: int, index: int, length: int) -> bytes:
        """Return exactly ``length`` bytes asked for with bRequest 0. Raises OSError."""
        data = bytes(self._transfer(FROM_DEVICE, value, index, length))
        if len(data) != length:
            raise OSError(errno.EIO, f"{self._name} sent {len(data)} of {length} bytes")
        return data

    def _transfer(self, kind: int, value: int, index: int, data_or_length):
        if self._device is None:
            raise OSError(errno.ENODEV, f"{self._name} was closed")
        try:
            return self._device.ctrl_transfer(kind, 0, value, index, data_or_length, TIMEOUT_MS)
        except OSError as error:
            if error.errno == errno.EACCES:
                raise PermissionError(
                    errno.EACCES,
                    f"{self._name} may not be opened by this user; ./install.sh adds the udev rule",
                ) from None
            raise

    def close(self) -> None:
        """Let go of the device; safe to call twice, raises nothing."""
        device, self._device = self._device, None
        if device is not None:
            with suppress(OSError):  # it was unplugged
                self._release(device)
