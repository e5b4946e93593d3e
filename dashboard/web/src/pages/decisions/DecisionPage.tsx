import { useParams } from 'react-router-dom';
import { PageHeader } from '@/ui/pieces';
import { DecisionView } from './DecisionView';

export function Component() {
  const { decision = '' } = useParams();
  return (
    <>
      <PageHeader title="Decision" lead="What was decided, on which grounds, and what became of it." />
      <DecisionView id={decision} />
    </>
  );
}
