import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { tellProblem } from './act';
import { download } from './download';
import { bytes } from './format';

export function DownloadButton({ path, fileName, label }: { path: string; fileName: string; label: string }) {
  const [received, setReceived] = useState<number | null>(null);
  const start = async () => {
    if (received !== null) return;
    setReceived(0);
    try {
      await download(path, fileName, setReceived);
    } catch (error) {
      tellProblem(error);
    } finally {
      setReceived(null);
    }
  };
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconDownload size={15} aria-hidden />}
      onClick={() => void start()}
      disabled={received !== null}
    >
      {received === null ? label : `${bytes(received)} …`}
    </Button>
  );
}
