"""The materials of a forum leave here, for those with a confirmed seat and nobody else."""

from pathlib import PurePosixPath

from django.http import FileResponse, Http404, HttpResponseBase, HttpResponseRedirect

from forums.models import Forum, Material, Registration


def may_have_materials(own: Registration | None) -> bool:
    """Whether the materials are for whoever has this registration: it is confirmed, before the forum and after it."""
    return own is not None and own.state == Registration.State.CONFIRMED


def material_of(forum: Forum, pk: int) -> Material:
    """The material with this number, of this forum. Raises Http404."""
    found = Material.objects.filter(forum=forum, pk=pk).first()
    if found is None:
        raise Http404
    return found


def deliver(material: Material) -> HttpResponseBase:
    """The file as an attachment that no cache keeps, or the way to the link. Decides nothing. Raises Http404."""
    if material.link:
        response: HttpResponseBase = HttpResponseRedirect(material.link)
    else:
        storage, name = material.file.storage, str(material.file.name)
        if not storage.exists(name):
            raise Http404
        response = FileResponse(storage.open(name, "rb"), as_attachment=True, filename=PurePosixPath(name).name)
        response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response
