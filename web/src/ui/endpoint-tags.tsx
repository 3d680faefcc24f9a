export function EndpointTags({ endpoint: { readOnly, destructive } }: { endpoint: { readOnly: boolean; destructive: boolean } }) {
  return (
    <span className="tags">
      {readOnly ? (
        <span className="tag">reads</span>
      ) : (
        <span className="tag" data-tone="warn">
          changes something
        </span>
      )}
      {destructive && (
        <span className="tag" data-tone="bad">
          cannot be undone
        </span>
      )}
    </span>
  );
}
