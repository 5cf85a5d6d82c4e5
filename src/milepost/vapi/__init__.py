"""The service ``com.vmware.vcenter.extension.tasks`` for the official Python runtime.

No published package has a binding for it. This one is made from the same table of structures that
the server reads, and works with ``vmware-vapi-runtime`` and its kin, unchanged. They come with
``pip install milepost[vapi]``.
"""

from milepost.vapi.extension_tasks import CreateSpec, Tasks, UpdateSpec, opaque, plain

__all__ = ["CreateSpec", "Tasks", "UpdateSpec", "opaque", "plain"]
