// What was dropped or picked, as {key, file}. A file's key is its path from the folder on, with
// the folder's own name, so that two folders do not overwrite each other.

function fromInput(input) {
  const files = [...input.files].map((file) => ({ key: file.webkitRelativePath || file.name, file }));
  input.value = "";
  return withoutHidden(files);
}

// The browser forgets a drop when its event has ended, so the entries are taken before any wait.
async function fromDrop(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  const files = [];
  for (const entry of entries) await collect(entry, files);
  return withoutHidden(files);
}

async function collect(entry, files) {
  if (entry.isDirectory) {
    for (const child of await children(entry)) await collect(child, files);
  } else {
    const key = entry.fullPath.replace(/^\//, "");
    // A file that can not be opened fails later by itself, with a sentence.
    const file = await promised(entry, "file").catch(() => null);
    files.push({ key, file });
  }
}

// readEntries gives a hundred at a time and nothing at the end.
async function children(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const some = await promised(reader, "readEntries").catch(() => []);
    if (some.length === 0) return found;
    found.push(...some);
  }
}

function promised(object, method) {
  return new Promise((resolve, reject) => object[method](resolve, reject));
}

// As the command line does: sorted, and within folders nothing that begins with a dot.
function withoutHidden(files) {
  files.sort((one, other) => (one.key < other.key ? -1 : 1));
  const shown = files.filter(({ key }) => !(key.includes("/") && /(^|\/)\./.test(key)));
  return { files: shown, hidden: files.length - shown.length };
}
