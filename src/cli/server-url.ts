/** Completes a server address to a URL: `localhost:8000` means http. */
export function serverUrl(text: string): string {
  return text.includes('://') ? text : `http://${text}`;
}
